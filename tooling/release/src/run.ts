import {execFile} from 'node:child_process';
import {promisify} from 'node:util';

const execute = promisify(execFile);

/**
 * Runs a program and returns what it prints.
 *
 * @throws Error with all that the program printed, when it does not exit with 0.
 */
export async function run(program: string, parameters: readonly string[], directory: string): Promise<string> {
  try {
    const {stdout} = await execute(program, parameters, {cwd: directory, maxBuffer: 2 ** 26});
    return stdout;
  } catch (failure) {
    const {stdout, stderr, message} = failure as Error & {stdout?: string; stderr?: string};
    throw new Error([`${program} ${parameters.join(' ')}`, stdout, stderr].filter(Boolean).join('\n') || message);
  }
}
