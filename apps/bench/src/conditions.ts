import {execFileSync} from 'node:child_process';
import {cpus} from 'node:os';

/** Under which conditions figures were taken: what is needed to read them, and to take them again. */
export interface Conditions {
  /** As typed. */
  command: string;
  /** ISO 8601. */
  date: string;
  /** Of the checkout. */
  commit: string;
  machine: string;
}

/** The conditions of this process, started as `program`. */
export function conditions(program: string): Conditions {
  return {
    command: [program, ...process.argv.slice(2).map(quoted)].join(' '),
    date: new Date().toISOString(),
    commit: commit(),
    machine: `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`,
  };
}

function quoted(word: string): string {
  return /^[\w./:,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown (no git checkout)';
  }
}
