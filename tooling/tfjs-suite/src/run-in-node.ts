import {execFile} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {bundleSuite, type SuiteOptions} from './bundle';
import type {SuiteResult} from './specs';

/** Milliseconds within which the suite ends, or has failed. */
const TIME_LIMIT = 240_000;

// The suite prints what it profiles; its timers and workers would keep the process alive.
const program = `
  console.log = () => {};
  const [bundle, filter] = process.argv.slice(1);
  require(bundle)(filter).then((result) => process.stdout.write(JSON.stringify(result), () => process.exit()));`;

/**
 * Runs tfjs-core's own test suite in a Node process of its own, since Jasmine's globals would be in the way of others.
 * @param filter Only specs whose full name holds this text. Default all.
 */
export async function runSuiteInNode(options: Omit<SuiteOptions, 'platform'>, filter = ''): Promise<SuiteResult> {
  const directory = await mkdtemp(join(tmpdir(), 'variants-tfjs-suite-'));
  try {
    const bundle = join(directory, 'bundle.cjs');
    await bundleSuite(bundle, options);
    const command = ['--eval', program, bundle, filter];
    const {stdout} = await promisify(execFile)(process.execPath, command, {timeout: TIME_LIMIT, maxBuffer: 2 ** 26});
    return JSON.parse(stdout);
  } finally {
    await rm(directory, {recursive: true});
  }
}
