export {conformance} from './conformance';
export {generatesInConstantMemory} from './constant-memory';
export {randomLabels} from './examples';
export {laws} from './laws';
export {type Refusal, refusals} from './refusals';
export {sizes} from './sizes';
export type {ExampleSize, Law, Subject} from './subject';
