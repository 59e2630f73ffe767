import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** Runs `body` with an empty directory, which is removed afterwards. */
export async function withDirectory<Result>(body: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'variants-transformer-'));
  try {
    return await body(directory);
  } finally {
    await rm(directory, {recursive: true});
  }
}
