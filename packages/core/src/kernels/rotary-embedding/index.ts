import type * as tf from '@tensorflow/tfjs';
import {requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {type RotaryPairing, rotaryEmbeddingReference} from './reference';
import type {RotaryTables} from './tables';

export {type AngleGrowth, anglesAt, type LongerAngles, type RotaryAngles} from './angles';
export {rotaryFrequencies} from './frequencies';
export type {RotaryPairing} from './reference';
export {type RotaryTables, rotaryTables} from './tables';

type Inputs = {x: tf.Tensor; cos: tf.Tensor; sin: tf.Tensor};

const kernel = defineKernel<Inputs, {pairing: RotaryPairing}, {y: tf.Tensor}>({
  name: 'RotaryEmbedding',
  outputs: ['y'],
  differentiable: ['x'],
  reference: ({x, cos, sin}, {pairing}) => ({y: rotaryEmbeddingReference(x, cos, sin, pairing)}),
  // A rotation's gradient is the rotation back.
  gradient: ({y: g}, {cos, sin}, _, {pairing}) => ({x: rotaryEmbeddingReference(g, cos, sin.neg(), pairing)}),
});

/**
 * Rotary position embedding (Su et al. 2021, equation 34): turns each pair of features by its position's angle,
 * `(u, w) -> (u cos - w sin, u sin + w cos)`, so that q · k depends on the distance of their positions alone.
 *
 * @param x [..., time, size], size even
 * @param tables From {@link rotaryTables}.
 * @param pairing Which features turn together. Meta's files and RetNet: 'interleaved' (the default), Hugging Face's LLaMA: 'halves'.
 * @returns [..., time, size]
 * @throws ShapeError when the size is odd or the tables are not for half of it.
 */
export function rotaryEmbedding(x: tf.Tensor, tables: RotaryTables, pairing: RotaryPairing = 'interleaved'): tf.Tensor {
  requireTensors('rotaryEmbedding', {x, cos: tables?.cos, sin: tables?.sin});
  const {cos, sin} = tables;
  const size = x.shape[x.rank - 1] as number;
  if (size % 2 !== 0 || [cos, sin].some((table) => table.shape[table.rank - 1] !== size / 2))
    throw new ShapeError(
      `rotaryEmbedding: the last axis of x [${x.shape}] must be even, and that of cos [${cos.shape}] and sin [${sin.shape}] half as long`,
    );
  return kernel({x, cos, sin}, {pairing}).y;
}
