import {runSuiteInNode} from './run-in-node';
import {simdModule} from './simd-module';

/**
 * tfjs-core's own test suite on a backend:
 *
 *     tsx tooling/tfjs-suite/src/run.ts [backend] [module that registers it] [text in the specs' names]
 */
const [backend = 'simd', engineModule = backend === 'simd' ? simdModule : undefined, filter] = process.argv.slice(2);
const {passed, failures} = await runSuiteInNode({backend, engineModule: engineModule || undefined}, filter);
for (const failure of failures) console.log(failure);
console.log(`${passed} passed, ${failures.length} failed`);
if (failures.length > 0) process.exitCode = 1;
