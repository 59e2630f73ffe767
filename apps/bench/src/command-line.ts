import {ConfigError, VariantsError} from '@variants/core';
import {type Command, InvalidArgumentError} from 'commander';

/** What a process ends with: 130 is a shell's word for Ctrl-C. */
export const exitCodes = {done: 0, failed: 1, refused: 2, interrupted: 130};

/** Reads an option that is a number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a number above 0');
  return value;
}

/** Reads an option that is a whole number above 0. */
export function count(text: string): number {
  const value = positive(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('must be a whole number above 0');
  return value;
}

/** How to read an option that is some of the names there are, separated by commas. */
export function namesOf(known: readonly string[]): (text: string) => string[] {
  return (text) => {
    const wanted = [...new Set(text.split(',').map((name) => name.trim()))];
    const unknown = wanted.find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new InvalidArgumentError(`${JSON.stringify(unknown)} is unknown; known are ${known.join(', ')}`);
    return wanted;
  };
}

/**
 * Reads a command line.
 * @param argv The words behind the program's name; pnpm passes `--` on.
 * @throws ConfigError in one line; `--help` prints and ends the program.
 */
export function readOptions<Options extends object>(command: Command, argv: readonly string[]): Options {
  command.exitOverride().configureOutput({writeErr: () => {}});
  try {
    command.parse(
      argv.filter((word) => word !== '--'),
      {from: 'user'},
    );
  } catch (error) {
    const {code, message} = error as {code?: string; message: string};
    if (code === 'commander.helpDisplayed') process.exit(0);
    throw new ConfigError(`${message.replace(/^error: /, '').replaceAll('\n', ' ')}; see ${command.name()} --help`);
  }
  return command.opts<Options>();
}

/**
 * Runs a program to its exit code. An error is printed in one line, with its stack where `--debug` is among the words.
 * @param main Gets the words behind the program's name and resolves to the exit code.
 */
export async function runProgram(main: (argv: readonly string[]) => Promise<number>): Promise<void> {
  // Whoever reads may stop reading, as head does; files are written all the same.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  const argv = process.argv.slice(2);
  process.exitCode = await main(argv).catch((error) => fail(error, argv.includes('--debug')));
}

function fail(error: unknown, debug: boolean): number {
  const {syscall, message} = error as NodeJS.ErrnoException;
  const expected = error instanceof VariantsError || syscall !== undefined;
  if (debug) console.error(error);
  else console.error(expected ? message : `${message}; this should not happen, --debug shows where it comes from`);
  return expected ? exitCodes.refused : exitCodes.failed;
}
