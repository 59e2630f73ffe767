import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {build} from 'esbuild';

/** What a run of the suite came to. */
export interface SuiteResult {
  passed: number;
  /** A line for each failed spec: its full name and the first thing that was wrong. */
  failures: string[];
}

const require = createRequire(import.meta.url);

/** tfjs-core's folder, of the very copy that `@tensorflow/tfjs` uses. */
function coreDirectory(): string {
  const tfjs = require.resolve('@tensorflow/tfjs/package.json');
  return dirname(createRequire(tfjs).resolve('@tensorflow/tfjs-core/package.json'));
}

/**
 * The suite as one module: tfjs, the backend and the tests must share one copy of tfjs-core. The tests register
 * themselves when they are required, and look at the environments that there are then.
 */
function entry(backend: string, engineModule: string | undefined): string {
  const core = coreDirectory();
  const load = (path: string) => `require(${JSON.stringify(path)});`;
  return `
    ${load(join(core, 'dist/public/chained_ops/register_all_chained_ops'))}
    ${load(join(core, 'dist/register_all_gradients'))}
    const tf = require('@tensorflow/tfjs');
    ${engineModule ? load(engineModule) : ''}
    const {setTestEnvs} = require(${JSON.stringify(join(core, 'dist/jasmine_util'))});
    module.exports = async () => {
      await tf.setBackend('${backend}');
      tf.env().set('IS_TEST', true);
      setTestEnvs([{name: '${backend}', backendName: '${backend}', isDataSync: true}]);
      ${load(join(core, 'dist/tests'))}
    };`;
}

/**
 * Runs all specs of tfjs-core's own test suite.
 * @param backend The backend's name in tfjs.
 * @param engineModule The module that registers it; none for tfjs's own.
 * @param filter Only specs whose full name holds this text. Default all.
 */
export async function runSuite(backend: string, engineModule?: string, filter = ''): Promise<SuiteResult> {
  const directory = await mkdtemp(join(tmpdir(), 'variants-tfjs-suite-'));
  try {
    const [source, bundle] = [join(directory, 'entry.js'), join(directory, 'bundle.cjs')];
    await writeFile(source, entry(backend, engineModule));
    await build({
      entryPoints: [source],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      mainFields: ['module', 'main'],
      // tfjs declares its registrations free of side effects.
      ignoreAnnotations: true,
      nodePaths: [join(dirname(import.meta.dirname), 'node_modules')],
      external: ['jasmine-core', 'node-fetch', 'string_decoder'],
      logLevel: 'error',
    });
    return await runSpecs(bundle, filter);
  } finally {
    await rm(directory, {recursive: true});
  }
}

interface Spec {
  fullName: string;
  status: string;
  failedExpectations: {message: string}[];
}

async function runSpecs(bundle: string, filter: string): Promise<SuiteResult> {
  const jasmineCore = require('jasmine-core');
  const jasmine = jasmineCore.boot(jasmineCore);
  const environment = jasmine.getEnv();
  const names = ['describe', 'it', 'xit', 'xdescribe', 'fit', 'fdescribe', 'beforeEach', 'afterEach', 'beforeAll'];
  for (const name of [...names, 'afterAll', 'expect', 'expectAsync', 'fail', 'spyOn', 'pending'])
    Object.assign(globalThis, {[name]: environment[name].bind(environment)});
  Object.assign(globalThis, {jasmine});

  const result: SuiteResult = {passed: 0, failures: []};
  environment.addReporter({
    specDone({fullName, status, failedExpectations}: Spec) {
      if (status === 'passed') result.passed++;
      if (status === 'failed')
        result.failures.push(`${fullName}: ${failedExpectations[0]?.message.replaceAll('\n', ' ').slice(0, 300)}`);
    },
  });
  environment.configure({
    random: false,
    autoCleanClosures: true,
    specFilter: (spec: {getFullName(): string}) => spec.getFullName().includes(filter),
  });
  await require(bundle)();
  await environment.execute();
  return result;
}
