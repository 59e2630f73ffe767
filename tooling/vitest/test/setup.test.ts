import {join} from 'node:path';
import {expect, it} from 'vitest';
import {startVitest} from 'vitest/node';

it('fails exactly the tests that leave tensors behind, by name and number', async () => {
  const vitest = await startVitest('test', [], {
    root: join(import.meta.dirname, 'fixture'),
    config: false,
    watch: false,
    include: ['*.fixture.ts'],
    setupFiles: [join(import.meta.dirname, '../src/setup.ts')],
    reporters: [{}],
  });
  const [module] = vitest.state.getTestModules();
  const errors = Object.fromEntries(
    [...(module?.children.allTests() ?? [])].map((test) => [
      test.name,
      (test.result().errors ?? []).map((error) => error.message),
    ]),
  );
  await vitest.close();

  expect(errors).toEqual({
    'disposes what it makes': [],
    'leaks two': ['"leaks two" leaked 2 tensors'],
    'is judged by itself after a leak': [],
    'fails for its own reason': ['its own reason'],
  });
});
