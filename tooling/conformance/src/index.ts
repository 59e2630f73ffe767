export {conformance} from './conformance';
export {generatesInConstantMemory} from './constant-memory';
export {laws} from './laws';
export type {ExampleSize, Law, Subject} from './subject';
