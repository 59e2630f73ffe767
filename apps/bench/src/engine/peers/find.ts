import {execFile} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';

const execute = promisify(execFile);

/** The first command line that runs to its end without an error, or undefined. */
async function firstThatRuns(commands: readonly [file: string, ...args: string[]][]): Promise<string | undefined> {
  for (const [file, ...args] of commands)
    try {
      await execute(file, args);
      return file;
    } catch {
      // Not there, or not able to: the next.
    }
  return undefined;
}

/** A Python that has PyTorch: the first of the path, or the system's behind it. */
export function findPython(): Promise<string | undefined> {
  return firstThatRuns(['python3', '/usr/bin/python3', 'python'].map((file) => [file, '-c', 'import torch']));
}

/**
 * A C program compiled for this very machine.
 * @returns Its path and how to remove it, or undefined where no compiler is.
 */
export async function compileC(source: string): Promise<{file: string; remove: () => Promise<void>} | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'variants-bench-'));
  const remove = () => rm(folder, {recursive: true, force: true});
  const file = join(folder, 'peer');
  const options = ['-Ofast', '-march=native', source, '-o', file, '-lm'];
  if (await firstThatRuns(['cc', 'gcc', 'clang'].map((compiler) => [compiler, ...options]))) return {file, remove};
  await remove();
  return undefined;
}
