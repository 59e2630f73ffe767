export {conformance} from './conformance';
export {laws} from './laws';
export type {ExampleSize, Law, Subject} from './subject';
