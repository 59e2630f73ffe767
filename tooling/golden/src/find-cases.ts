import {existsSync, readdirSync} from 'node:fs';
import {basename, join, resolve} from 'node:path';

/** The environment variables that say where cases are; `INIT_CWD` is where the user called pnpm. */
export interface CaseEnvironment {
  GOLDEN_DIR?: string;
  INIT_CWD?: string;
}

/**
 * The folders of a package's cases, sorted: those of `$GOLDEN_DIR/<package>` if GOLDEN_DIR is set, else of its own
 * `test/golden`. None where there is no such folder.
 * @throws When GOLDEN_DIR itself does not exist.
 */
export function findCases(packageDirectory: string, environment: CaseEnvironment = process.env): string[] {
  const folder = environment.GOLDEN_DIR
    ? join(goldenDirectory(environment.GOLDEN_DIR, environment), basename(packageDirectory))
    : join(packageDirectory, 'test', 'golden');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, {withFileTypes: true})
    .filter((entry) => !entry.name.startsWith('.') && !entry.isFile())
    .map((entry) => join(folder, entry.name))
    .sort();
}

function goldenDirectory(given: string, {INIT_CWD}: CaseEnvironment): string {
  const candidates = [resolve(INIT_CWD ?? '.', given), resolve(given)];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (!found) throw new Error(`GOLDEN_DIR is ${given}, but there is no folder ${candidates[0]}`);
  return found;
}
