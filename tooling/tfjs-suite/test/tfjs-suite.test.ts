import {expect, it} from 'vitest';
import {runSuiteInNode} from '../src/run-in-node';
import {simdModule} from '../src/simd-module';

it("passes tfjs-core's own test suite on the simd engine", async () => {
  const {passed, failures} = await runSuiteInNode({backend: 'simd', engineModule: simdModule});
  expect(failures).toEqual([]);
  expect(passed).toBeGreaterThan(4200);
}, 240_000);
