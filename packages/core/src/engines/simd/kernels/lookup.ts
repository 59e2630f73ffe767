import * as tf from '@tensorflow/tfjs';
import {isNumeric} from '../backend';
import {fusedKernel, kernel, type SimdKernel} from './kernel';

type GatherInputs = {x: tf.TensorInfo; indices: tf.TensorInfo};

const gatherV2 = kernel<GatherInputs, {axis: number; batchDims: number}>('GatherV2', ({inputs, backend, attrs}) => {
  const {x, indices} = inputs;
  if (!isNumeric(x.dtype) || attrs.batchDims !== 0 || indices.dtype !== 'int32')
    return backend.fallback('GatherV2', inputs, attrs);
  const axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0];
  const [before, length, after] = [x.shape.slice(0, axis), x.shape[axis], x.shape.slice(axis + 1)];
  const [outer, inner] = [tf.util.sizeFromShape(before), tf.util.sizeFromShape(after)];
  const output = backend.output([...before, ...indices.shape, ...after], x.dtype);
  const [from, to, places] = [backend.values(x), backend.values(output), backend.values(indices)];
  for (let o = 0, at = 0; o < outer; o++)
    for (let i = 0; i < places.length; i++, at += inner) {
      const index = places[i];
      tf.util.assert(
        index >= 0 && index < length,
        () => `GatherV2: the index value ${index} is not in [0, ${length - 1}]`,
      );
      const start = (o * length + index) * inner;
      for (let j = 0; j < inner; j++) to[at + j] = from[start + j];
    }
  return output;
});

const lookup = fusedKernel<object>('EmbeddingLookup', ([table, tokens], backend) => {
  const [rows, width] = table.shape;
  const output = backend.output([tokens.shape[0], width]);
  const [from, to, ids] = [backend.values(table), backend.values(output), backend.values(tokens)];
  for (let i = 0, at = 0; i < ids.length; i++, at += width) {
    const id = ids[i];
    tf.util.assert(id >= 0 && id < rows, () => `embeddingLookup: the token ${id} is not in [0, ${rows - 1}]`);
    for (let j = 0, start = id * width; j < width; j++) to[at + j] = from[start + j];
  }
  return [output];
});

const lookupGradient = fusedKernel<object>('EmbeddingLookupGradient', ([dRows, table, tokens], backend) => {
  const output = backend.output(table.shape);
  const width = table.shape[1];
  const [from, to, ids] = [backend.values(dRows), backend.values(output), backend.values(tokens)];
  to.fill(0);
  for (let i = 0, at = 0; i < ids.length; i++, at += width)
    for (let j = 0, start = ids[i] * width; j < width; j++) to[start + j] += from[at + j];
  return [output];
});

export const lookupKernels: readonly SimdKernel[] = [gatherV2, lookup, lookupGradient];
