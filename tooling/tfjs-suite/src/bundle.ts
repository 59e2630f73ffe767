import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {build} from 'esbuild';

const jasmine = 'jasmine-core/lib/jasmine-core/jasmine.js';

/** What the suite runs on, and where. */
export interface SuiteOptions {
  /** The backend's name in tfjs. */
  backend: string;
  /** The module that registers it: a path, or a name as `directory` would import it. None for tfjs's own backends. */
  engineModule?: string;
  /** Whose copy of `@tensorflow/tfjs` is taken. Default: the workspace's. */
  directory?: string;
  /** Default 'node'. */
  platform?: 'node' | 'browser';
}

/** tfjs-core's folder, of the very copy that a directory's `@tensorflow/tfjs` uses. */
function coreDirectory(directory: string): string {
  const tfjs = createRequire(join(directory, 'package.json')).resolve('@tensorflow/tfjs/package.json');
  return dirname(createRequire(tfjs).resolve('@tensorflow/tfjs-core/package.json'));
}

/**
 * The suite as one module: tfjs, the backend and the tests must share one copy of tfjs-core. The tests register
 * themselves when they are required, and look at the environments that there are then.
 */
function entry(backend: string, engineModule: string | undefined, core: string): string {
  const load = (path: string) => `require(${JSON.stringify(path)});`;
  return `
    ${load(join(core, 'dist/public/chained_ops/register_all_chained_ops'))}
    ${load(join(core, 'dist/register_all_gradients'))}
    const tf = require('@tensorflow/tfjs');
    ${engineModule ? load(engineModule) : ''}
    const {setTestEnvs} = require(${JSON.stringify(join(core, 'dist/jasmine_util'))});
    const {runSpecs} = require(${JSON.stringify(join(import.meta.dirname, 'specs'))});
    module.exports = (filter) => runSpecs(async () => {
      await tf.setBackend('${backend}');
      tf.env().set('IS_TEST', true);
      setTestEnvs([{name: '${backend}', backendName: '${backend}', isDataSync: true}]);
      ${load(join(core, 'dist/tests'))}
    }, filter);`;
}

/**
 * Bundles tfjs-core's own test suite, a backend and what runs the specs. The file is a CommonJS module that exports
 * `RunSuite`; one for a browser is a script that puts it into the global `runSuite`.
 * @param outfile Path of the file that is written.
 */
export async function bundleSuite(
  outfile: string,
  {backend, engineModule, directory = dirname(import.meta.dirname), platform = 'node'}: SuiteOptions,
): Promise<void> {
  await build({
    stdin: {contents: entry(backend, engineModule, coreDirectory(directory)), resolveDir: directory},
    outfile,
    bundle: true,
    platform,
    ...(platform === 'browser' ? {globalName: 'runSuite', define: {global: 'globalThis'}} : {}),
    mainFields: [...(platform === 'browser' ? ['browser'] : []), 'module', 'main'],
    // tfjs declares its registrations free of side effects.
    ignoreAnnotations: true,
    // tfjs-core needs it for its tests, and does not bring it along.
    alias: {[jasmine]: createRequire(import.meta.url).resolve(jasmine)},
    external: ['node:*', 'node-fetch', 'string_decoder'],
    logLevel: 'error',
  });
}
