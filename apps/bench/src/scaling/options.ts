import {Command} from 'commander';
import {count, namesOf, positive, readOptions} from '../command-line';

/** What the user asked of the benchmark of lengths. */
export interface ScalingOptions {
  lengths: number[];
  only?: string[];
  parameters: number;
  rounds: number;
  secondsPerStep: number;
  seed: number;
  /** File of the results; what stands there already is not measured again. */
  out: string;
  fresh: boolean;
  /** A file of results that is put into docs/performance.md, instead of measuring. */
  document?: string;
  debug: boolean;
}

const lengthsOf = (text: string) => text.split(',').map((length) => count(length.trim()));

/**
 * Reads the command line behind `pnpm bench scaling`.
 * @param known Names of the architectures there are.
 * @throws ConfigError in one line; `--help` prints and ends the program.
 */
export function parseScalingOptions(argv: readonly string[], known: readonly string[]): ScalingOptions {
  const command = new Command('pnpm bench scaling')
    .description(
      'Time of a training step, of a forward pass, and peak memory against the length of the sequence, for every architecture.',
    )
    .option('--lengths <tokens>', 'lengths, separated by commas', lengthsOf, [256, 512, 1024, 2048, 4096, 8192, 16384])
    .option('--only <names>', `architectures, separated by commas: ${known.join(', ')} (default: all)`, namesOf(known))
    .option('--parameters <number>', 'size of each model at 256 tokens', count, 200_000)
    .option('--rounds <number>', 'times that all take turns', count, 3)
    .option(
      '--seconds-per-step <seconds>',
      'an architecture that takes longer is not measured at greater lengths',
      positive,
      10,
    )
    .option('--seed <number>', 'seed of weights', Number, 0)
    .option('--out <file>', 'results; an interrupted run goes on from them', 'reports/scaling.json')
    .option('--fresh', 'measure again what is there', false)
    .option('--document <file>', 'put the figures of such a file into docs/performance.md')
    .option('--debug', 'show stack traces of errors', false);
  const options = readOptions<ScalingOptions>(command, argv);
  return {...options, lengths: [...new Set(options.lengths)].sort((a, b) => a - b)};
}
