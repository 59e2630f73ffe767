import {availableParallelism} from 'node:os';
import {Command, InvalidArgumentError} from 'commander';
import {count, namesOf, positive, readOptions} from '../command-line';

/** What the user asked of the benchmark. */
export interface EngineOptions {
  /** Groups to measure. */
  only: string[];
  /** Peers to compare with. */
  peers: string[];
  /** Numbers of threads, rising. */
  threads: number[];
  /** Most samples of a peer for a case. */
  samples: number;
  /** About how long a peer may take for a case. */
  seconds: number;
  /** Where the figures go as JSON. */
  json?: string;
  /** Instead of measuring: figures of an earlier run, which go into docs/performance.md. */
  document?: string;
  /** Instead of measuring: where the time of the training step goes. */
  profile: boolean;
  /** Show stack traces. */
  debug: boolean;
}

const threadCounts = (text: string) => {
  const counts = text.split(',').map((word) => count(word.trim()));
  if (counts.some((number) => number > 64)) throw new InvalidArgumentError('must be whole numbers from 1 to 64');
  return [...new Set(counts)].sort((a, b) => a - b);
};

/**
 * Reads the command line.
 * @param argv The words behind the program's name.
 * @param groups Names of the groups there are.
 * @param peers Names of the peers there are.
 * @throws ConfigError in one line; `--help` prints and ends the program.
 */
export function parseEngineOptions(
  argv: readonly string[],
  groups: readonly string[],
  peers: readonly string[],
): EngineOptions {
  const command = new Command('pnpm bench:engine')
    .description('Times the engine and its peers on the same work, taking turns, and compares the medians.')
    .option('--only <names>', `groups, separated by commas: ${groups.join(', ')} (default: all)`, namesOf(groups))
    .option('--peers <names>', `peers, separated by commas: ${peers.join(', ')} (default: all)`, namesOf(peers))
    .option(
      '--threads <numbers>',
      'threads of the engine and of PyTorch, 1 or 2 or 1,2 (default: 1 and all)',
      threadCounts,
    )
    .option('--samples <number>', 'most samples of a peer for a case', count, 15)
    .option('--seconds <number>', 'about how long a peer may take for a case, warm-up apart', positive, 3)
    .option('--json <file>', 'write all samples there')
    .option('--document <file>', 'measure nothing, but put the figures of such a file into docs/performance.md')
    .option('--profile', 'compare nothing, but print what each kernel takes of a step of training', false)
    .option('--debug', 'show stack traces of errors', false);
  const options = readOptions<
    Partial<EngineOptions> & Pick<EngineOptions, 'samples' | 'seconds' | 'profile' | 'debug'>
  >(command, argv);
  const everything = {only: [...groups], peers: [...peers], threads: defaultThreads()};
  return {...everything, ...options};
}

function defaultThreads(): number[] {
  return [...new Set([1, Math.min(8, availableParallelism())])];
}
