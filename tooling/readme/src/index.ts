import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, describe, expect, it} from 'vitest';
import {type Example, examplesOf, isExpected} from './examples';
import {runExample} from './run-example';
import {typeErrors} from './type-errors';

export {presetTableTest} from './table';
export {type Mistake, typeErrors} from './type-errors';

/**
 * Registers a test for each TypeScript example of a page: it runs as a module of the package, in its folder, so that its
 * imports are those of a user; what it prints must be something, or what the page says. Another test type-checks all of
 * them, also those that do not run here (```ts browser).
 * @param testFileUrl `import.meta.url` of a test file in the package's `test` folder.
 * @param page Path of the page from the package's folder. Default README.md.
 */
export function readmeTests(testFileUrl: string, page = 'README.md'): void {
  const packageDirectory = dirname(dirname(fileURLToPath(testFileUrl)));
  const examples = examplesOf(readFileSync(join(packageDirectory, page), 'utf8'));
  // Inside the package, where the imports of its users resolve to it and its neighbours.
  const directory = mkdtempSync(join(packageDirectory, 'test', '.readme-'));
  const fileOf = ({line}: Example) => join(directory, `line-${line}.ts`);
  // A module even if it imports nothing, else it could not await.
  for (const example of examples) writeFileSync(fileOf(example), `${example.code}\nexport {};\n`);
  afterAll(() => rmSync(directory, {recursive: true}));

  describe(`the examples of ${basename(page)}`, () => {
    it('are there', () => expect(examples.length).toBeGreaterThan(0));
    it('type-check', () => {
      const byFile = new Map(examples.map((example) => [fileOf(example), example]));
      const errors = typeErrors([...byFile.keys()]).map(
        ({file, line, message}) => `${page}:${line + (byFile.get(file)?.line ?? 0) - 1}: ${message}`,
      );
      expect(errors).toEqual([]);
    }, 120_000);
    it.each(examples.filter(({runs}) => runs))(
      'run: line $line',
      async (example) => {
        const printed = await runExample(fileOf(example));
        expect(printed).not.toBe('');
        if (example.output && !isExpected(printed, example.output)) expect(printed).toBe(example.output.text);
      },
      120_000,
    );
  });
}
