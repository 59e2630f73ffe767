import {runSuite} from './suite';

/**
 * tfjs-core's own test suite on a backend:
 *
 *     tsx tooling/tfjs-suite/src/run.ts [backend] [module that registers it] [text in the specs' names]
 */
const simd = new URL('../../../packages/core/src/engines/simd/register.ts', import.meta.url).pathname;
const [backend = 'simd', engineModule = backend === 'simd' ? simd : undefined, filter] = process.argv.slice(2);

// The suite prints what it profiles.
console.log = () => {};
const {passed, failures} = await runSuite(backend, engineModule || undefined, filter);
for (const failure of failures) process.stdout.write(`${failure}\n`);
process.stdout.write(`${passed} passed, ${failures.length} failed\n`);
// Its timers and workers would keep the process alive.
process.exit(failures.length > 0 ? 1 : 0);
