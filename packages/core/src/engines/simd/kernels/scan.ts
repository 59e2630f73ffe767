import * as tf from '@tensorflow/tfjs';
import {Scan} from '../assembly/operations';
import type {NumericType} from '../tensor-data';
import {piecesAlong} from './axis';
import {CHEAP} from './cost';
import {kernel, type SimdKernel} from './kernel';

type Operations = {float32: Scan; int32: Scan};
type Attributes = {axis: number; exclusive: boolean; reverse: boolean};

function scan(name: string, operations: Operations): SimdKernel {
  return kernel<{x: tf.TensorInfo}, Attributes>(name, ({inputs, backend, attrs}) => {
    const {x} = inputs;
    const {[x.dtype as keyof Operations]: operation} = operations;
    const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
    if (operation === undefined || axis === undefined || x.shape.includes(0))
      return backend.fallback(name, inputs, attrs);
    const {around, block, group, pieces, size} = piecesAlong(axis, x.shape);
    const output = backend.output(x.shape, x.dtype as NumericType);
    const flags = [Number(attrs.exclusive), Number(attrs.reverse)];
    const args = [operation, backend.address(x), output.address, ...around, ...flags, block, group];
    backend.threads.run('jobScan', args, pieces, CHEAP * size);
    return output;
  });
}

export const scanKernels: readonly SimdKernel[] = [
  scan('Cumsum', {float32: Scan.Sum, int32: Scan.IntSum}),
  scan('Cumprod', {float32: Scan.Prod, int32: Scan.IntProd}),
];
