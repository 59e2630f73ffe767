export {conformance} from './conformance';
export {generatesInConstantMemory} from './constant-memory';
export {laws} from './laws';
export type {Law, Subject} from './subject';
