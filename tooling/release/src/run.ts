import {execFile} from 'node:child_process';
import {promisify} from 'node:util';

const execute = promisify(execFile);

/**
 * Runs a program and returns what it prints.
 *
 * @throws Error with all that the program printed, when it does not exit with 0.
 */
export async function run(program: string, parameters: readonly string[], directory: string): Promise<string> {
  return (await runProgram(program, parameters, directory)).stdout;
}

/** {@link run}, but for all that it prints, errors' stream included. */
export async function output(program: string, parameters: readonly string[], directory: string): Promise<string> {
  const {stdout, stderr} = await runProgram(program, parameters, directory);
  return stdout + stderr;
}

async function runProgram(program: string, parameters: readonly string[], directory: string) {
  try {
    return await execute(program, parameters, {cwd: directory, maxBuffer: 2 ** 26});
  } catch (failure) {
    const {stdout, stderr, message} = failure as Error & {stdout?: string; stderr?: string};
    throw new Error([`${program} ${parameters.join(' ')}`, stdout, stderr].filter(Boolean).join('\n') || message);
  }
}
