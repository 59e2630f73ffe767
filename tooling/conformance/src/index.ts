export {conformance} from './conformance';
export {laws} from './laws';
export type {Law, Subject} from './subject';
