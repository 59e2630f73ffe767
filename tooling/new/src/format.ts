import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';

const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** Formats files: other names make lines longer or shorter, and change the order of imports. */
export function format(workspace: string, paths: readonly string[]): void {
  const words = ['check', '--write', '--no-errors-on-unmatched', '--log-level=error', ...paths];
  execFileSync(process.execPath, [biome, ...words], {cwd: workspace, stdio: ['ignore', 'ignore', 'inherit']});
}
