import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';

const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** Formats files: other names make lines longer or shorter, and change the order of imports. */
export function format(workspace: string, paths: readonly string[]): void {
  execFileSync(process.execPath, [biome, 'check', '--write', ...paths], {cwd: workspace, stdio: 'pipe'});
}
