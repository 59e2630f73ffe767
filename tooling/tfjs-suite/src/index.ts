export {bundleSuite, type SuiteOptions} from './bundle';
export {runSuiteInNode} from './run-in-node';
export {simdModule} from './simd-module';
export type {RunSuite, SuiteResult} from './specs';
