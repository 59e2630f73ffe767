import {standardizedKernel} from './biases/kernel-bias';
import {aftConv} from './ops/conv';
import {aftConv2d} from './ops/conv-2d';
import {aftFull} from './ops/full';
import {aftLocal} from './ops/local';
import {aftSimple} from './ops/simple';

export type {BiasFactors, PositionBias} from './biases/position-bias';

/** AFT's mathematics as pure differentiable functions. */
export const ops = {aftSimple, aftFull, aftLocal, aftConv, aftConv2d, standardizedKernel};
