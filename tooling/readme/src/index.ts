import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as tf from '@tensorflow/tfjs';
import {afterAll, describe, expect, it, vi} from 'vitest';
import {examplesOf} from './examples';

/**
 * Registers a test for each TypeScript example of a page: it runs as a module of the package, in its folder, so that its
 * imports are those of a user; what it prints must be something. Tensors that it makes are freed after it.
 * @param testFileUrl `import.meta.url` of a test file in the package's `test` folder.
 * @param page Path of the page from the package's folder. Default README.md.
 */
export function readmeTests(testFileUrl: string, page = 'README.md'): void {
  const packageDirectory = dirname(dirname(fileURLToPath(testFileUrl)));
  const examples = examplesOf(readFileSync(join(packageDirectory, page), 'utf8'));
  // Inside the package, where the imports of its users resolve to it and its neighbours.
  const directory = mkdtempSync(join(packageDirectory, 'test', '.readme-'));
  afterAll(() => rmSync(directory, {recursive: true}));

  describe(`the examples of ${page}`, () => {
    it('are there', () => expect(examples.length).toBeGreaterThan(0));
    it.each(examples.map(({line, code}) => [line, code] as const))(
      'run: line %i',
      async (line, code) => {
        const file = join(directory, `line-${line}.ts`);
        writeFileSync(file, code);
        await runExample(file);
      },
      120_000,
    );
  });
}

async function runExample(file: string): Promise<void> {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => {});
  const written = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const engine = tf.engine();
  const variablesBefore = new Set(Object.keys(engine.state.registeredVariables));
  engine.startScope();
  try {
    await import(/* @vite-ignore */ file);
    expect(printed.mock.calls.length + written.mock.calls.length).toBeGreaterThan(0);
  } finally {
    engine.endScope();
    for (const [name, variable] of Object.entries(engine.state.registeredVariables))
      if (!variablesBefore.has(name)) variable.dispose();
    printed.mockRestore();
    written.mockRestore();
  }
}
