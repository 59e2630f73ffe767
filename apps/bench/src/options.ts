import {Command, InvalidArgumentError, Option} from 'commander';
import ms, {type StringValue} from 'ms';
import {count, namesOf, positive, readOptions} from './command-line';
import {type ComparedKind, comparedKinds} from './kinds/data';

/** What the user asked of the comparison. */
export interface BenchOptions {
  /** Seconds of training per architecture. */
  budget: number;
  /** What models do that are compared. */
  kind: 'language-model' | ComparedKind;
  /** Names of the architectures to compare; all where it is missing. */
  only?: string[];
  /** A text file, or 'moby-dick'. */
  text: string;
  /** An engine, which is a tfjs backend; the fastest one here where it is missing. */
  backend?: string;
  seed: number;
  /** Print the results as JSON instead of tables. */
  json: boolean;
  /** Wanted parameters of each model. */
  parameters: number;
  sequenceLength: number;
  batchSize: number;
  learningRate: number;
  /** Directory of the reports. */
  out: string;
  /** Show stack traces. */
  debug: boolean;
}

function seconds(text: string): number {
  const milliseconds = /^\d/.test(text) ? ms(text as StringValue) : undefined;
  if (!milliseconds || milliseconds < 0) throw new InvalidArgumentError('must be a time such as 30s or 2m');
  // A bare number would be milliseconds to ms, and seconds to everybody else.
  return /[a-z]/i.test(text) ? milliseconds / 1000 : milliseconds;
}

const seed = (text: string) => {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError('must be a whole number from 0 to 9007199254740991');
  return Number(text);
};

/**
 * Reads the command line.
 * @param argv The words behind the program's name.
 * @param known Names of the architectures there are.
 * @throws ConfigError in one line; `--help` prints and ends the program.
 */
export function parseOptions(argv: readonly string[], known: readonly string[]): BenchOptions {
  const command = new Command('pnpm start')
    .description(
      'Trains every architecture at equal size on the same text for a short time, and compares what comes out.',
    )
    .option(
      '--budget <time>',
      'training time per architecture, e.g. 30s or 2m (default: two minutes over all)',
      seconds,
    )
    .option('--only <names>', `architectures, separated by commas: ${known.join(', ')} (default: all)`, namesOf(known))
    .addOption(
      new Option('--kind <kind>', 'what the compared models do, each kind on a task of its own')
        .choices(['language-model', ...comparedKinds])
        .default('language-model'),
    )
    .option('--text <file>', 'text to learn from', 'moby-dick')
    .option('--backend <name>', 'engine: simd, wasm or cpu (default: the fastest here)')
    .option('--seed <number>', 'seed of weights, data order and samples', seed, 0)
    .option('--parameters <number>', 'size of each model', count, 100_000)
    .option('--sequence-length <tokens>', 'length of the training windows', count, 64)
    .option('--batch-size <windows>', 'windows per step', count, 8)
    .option('--learning-rate <rate>', 'peak of the schedule', positive, 4e-3)
    .option('--out <directory>', 'where the reports go', 'reports')
    .option('--json', 'print the results as JSON, alone with pnpm -s start', false)
    .option('--debug', 'show stack traces of errors', false);
  const options = readOptions<BenchOptions>(command, argv);
  const contestants = options.only?.length ?? known.length;
  return {...options, budget: options.budget ?? Math.max(5, Math.min(45, 120 / contestants))};
}
