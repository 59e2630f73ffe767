import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** Runs `action` with a new directory, which is removed afterwards. */
export async function inTemporaryDirectory(action: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'checkpoints-'));
  try {
    await action(directory);
  } finally {
    await rm(directory, {recursive: true});
  }
}
