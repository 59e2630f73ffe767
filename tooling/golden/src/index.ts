export type {Actual, ActualTensor, Measured} from './actual';
export type {GoldenCase} from './golden-case';
export {goldenTests} from './golden-tests';
export {authorsGradients, gradientsOf, type HasWeights} from './gradients';
export {layerOutputs} from './layer-outputs';
export {type ProbedOperator, probedOperator, probeLoss} from './probe';
export {roundTrip} from './round-trip';
export type {Kind, Kinds} from './run-case';
