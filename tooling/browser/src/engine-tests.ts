import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

const directory = join(import.meta.dirname, '../../../packages/core/test/engines/simd');

const needsNode = (path: string) => /from 'node:/.test(readFileSync(path, 'utf8'));

/** The engine's test files, but for those that are about Node. */
export const engineTests: readonly {name: string; path: string}[] = readdirSync(directory)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => ({name, path: join(directory, name)}))
  .filter(({path}) => !needsNode(path));
