import * as tf from '@tensorflow/tfjs';
import {Arg} from '../assembly/operations';
import {piecesAlong} from './axis';
import {CHEAP} from './cost';
import {kernel, type SimdKernel} from './kernel';

type Operations = {float32: Arg; int32: Arg};

function arg(name: string, operations: Operations): SimdKernel {
  return kernel<{x: tf.TensorInfo}, {axis: number | number[]}>(name, ({inputs, backend, attrs}) => {
    const {x} = inputs;
    const {[x.dtype as keyof Operations]: operation} = operations;
    const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
    if (operation === undefined || axis === undefined || x.shape.includes(0))
      return backend.fallback(name, inputs, attrs);
    const {around, block, group, pieces, size} = piecesAlong(axis, x.shape);
    const output = backend.output([...x.shape.slice(0, axis), ...x.shape.slice(axis + 1)], 'int32');
    const args = [operation, backend.address(x), output.address, ...around, block, group];
    backend.threads.run('jobArg', args, pieces, CHEAP * size);
    return output;
  });
}

export const argKernels: readonly SimdKernel[] = [
  arg('ArgMax', {float32: Arg.Max, int32: Arg.IntMax}),
  arg('ArgMin', {float32: Arg.Min, int32: Arg.IntMin}),
];
