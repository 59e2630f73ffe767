import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {bundleSuite, simdModule} from '@variants-tooling/tfjs-suite';
import {build} from 'esbuild';
import {engineTests} from './engine-tests';

const page = join(import.meta.dirname, 'page');

/** The tests as one script, which puts `runTests` and `runCheck` into the global `engine`. */
function entry(): string {
  const load = ({name, path}: {name: string; path: string}) =>
    `${JSON.stringify(name)}: () => import(${JSON.stringify(path)})`;
  return `
    import {runFile} from './run-file';
    export {runCheck} from './checks';
    const files = {${engineTests.map(load).join()}};
    export const runTests = (name) => runFile(name, files[name]);`;
}

/** tfjs-core's own suite (`suite`), the engine's tests (`engine`) and a worker that trains, each as a script. */
export async function pageScripts(): Promise<Map<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'variants-browser-'));
  const [suite, engine, worker] = ['suite.js', 'engine.js', 'training-worker.js'].map((name) => join(directory, name));
  try {
    await bundleSuite(suite, {backend: 'simd', engineModule: simdModule, platform: 'browser'});
    await build({
      stdin: {contents: entry(), resolveDir: page, loader: 'ts'},
      outfile: engine,
      bundle: true,
      platform: 'browser',
      globalName: 'engine',
      alias: {vitest: join(page, 'vitest.ts')},
      define: {global: 'globalThis', 'process.env.PROPERTY_SEED': JSON.stringify(process.env.PROPERTY_SEED ?? '1')},
      external: ['node:*'],
      // tfjs declares its registrations free of side effects.
      ignoreAnnotations: true,
      logLevel: 'error',
    });
    await build({
      entryPoints: [join(page, 'training-worker.ts')],
      outfile: worker,
      bundle: true,
      platform: 'browser',
      define: {global: 'globalThis'},
      // The text of the novel is not asked for.
      external: ['node:*', '@stdlib/*'],
      ignoreAnnotations: true,
      logLevel: 'error',
    });
    return new Map([
      ['suite', await readFile(suite, 'utf8')],
      ['engine', await readFile(engine, 'utf8')],
      ['training-worker', await readFile(worker, 'utf8')],
    ]);
  } finally {
    await rm(directory, {recursive: true});
  }
}
