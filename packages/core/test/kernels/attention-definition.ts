import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import type {AttentionOptions} from '../../src/kernels/attention';
import {attention} from '../../src/kernels/attention';
import {Random} from '../../src/random';
import {checkKernel, normalPlain, type Plain} from './gradient-check';

/** Of a call of attention. */
export interface Sizes {
  batch: number;
  keyHeads: number;
  group: number;
  queries: number;
  keys: number;
  size: number;
  valueSize: number;
}

type Inputs = {queries: Plain; keys: Plain; values: Plain; mask?: Plain; bias?: Plain; keyLength?: Plain};

/** Which keys a query sees. */
type Visibility = Pick<AttentionOptions, 'causal' | 'window' | 'sinks'>;

/** Normal queries, keys and values. */
export function randomInputs(sizes: Sizes, seed: number, scale = 1): Inputs {
  const {batch, keyHeads, group, queries, keys, size, valueSize} = sizes;
  return {
    queries: normalPlain([batch, keyHeads * group, queries, size], seed, 'queries', scale),
    keys: normalPlain([batch, keyHeads, keys, size], seed, 'keys', scale),
    values: normalPlain([batch, keyHeads, keys, valueSize], seed, 'values'),
  };
}

/** 1 with probability 0.6. */
export function randomMask(shape: number[], seed: number): Plain {
  const random = new Random(seed, 'mask');
  return {shape, data: Array.from({length: shape.reduce((a, b) => a * b, 1)}, () => Number(random.chance(0.6)))};
}

/** The value at a place of [batch, heads, queries, keys] of a tensor that broadcasts there. */
function broadcastValue({shape, data}: Plain, place: number[]): number {
  const ownPlace = place.slice(place.length - shape.length);
  return data[shape.reduce((offset, size, axis) => offset * size + (size === 1 ? 0 : ownPlace[axis]), 0)];
}

/** Whether the query at a position sees key j. */
function sees({causal, window, sinks = 0}: Visibility, position: number, j: number): boolean {
  return !causal || (j <= position && (window == null || j > position - window || j < sinks));
}

/** Softmax attention one query at a time; output and log-sum-exp. */
function definition(inputs: Inputs, scale: number, visibility: Visibility): number[][] {
  const {queries, keys, values, mask, bias} = inputs;
  const [batch, heads, numQueries, size] = queries.shape;
  const [, keyHeads, numKeys] = keys.shape;
  const valueSize = values.shape[3];
  const length = inputs.keyLength?.data[0] ?? numKeys;
  const output: number[] = [];
  const logSumExp: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < numQueries; i++) {
        const keyHead = b * keyHeads + Math.floor(h / (heads / keyHeads));
        const scores = Array.from({length: numKeys}, (_, j) => {
          if (j >= length || !sees(visibility, i + length - numQueries, j)) return Number.NEGATIVE_INFINITY;
          if (mask && broadcastValue(mask, [b, h, i, j]) === 0) return Number.NEGATIVE_INFINITY;
          let product = 0;
          for (let d = 0; d < size; d++)
            product +=
              queries.data[((b * heads + h) * numQueries + i) * size + d] *
              keys.data[(keyHead * numKeys + j) * size + d];
          return product * scale + (bias ? broadcastValue(bias, [b, h, i, j]) : 0);
        });
        const largest = Math.max(...scores);
        const weights = scores.map((score) => (largest === Number.NEGATIVE_INFINITY ? 0 : Math.exp(score - largest)));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        logSumExp.push(largest + Math.log(total));
        for (let d = 0; d < valueSize; d++) {
          const sum = weights.reduce(
            (sum, weight, j) => sum + weight * values.data[(keyHead * numKeys + j) * valueSize + d],
            0,
          );
          output.push(total === 0 ? 0 : sum / total);
        }
      }
  return [output, logSumExp];
}

/** Attention as the formula has it, of tfjs's own softmax and log-sum-exp, which cannot do rows without keys. */
function composed({queries, keys, values, bias}: {[name: string]: tf.Tensor}, scale: number, visibility: Visibility) {
  const [numHeads, numKeyHeads] = [queries, keys].map((x) => x.shape[1] as number);
  const keyHeads = tf
    .range(0, numHeads)
    .div(numHeads / numKeyHeads)
    .floor()
    .toInt();
  const [k, v] = [keys, values].map((x) => tf.gather(x, keyHeads, 1));
  let scores = tf.matMul(queries, k, false, true).mul(scale);
  if (bias) scores = scores.add(bias);
  const [numQueries, numKeys] = scores.shape.slice(2) as number[];
  const seen = Array.from({length: numQueries}, (_, i) =>
    Array.from({length: numKeys}, (_, j) => sees(visibility, i + numKeys - numQueries, j)),
  );
  scores = tf.where(tf.tensor2d(seen, undefined, 'bool').broadcastTo(scores.shape), scores, Number.NEGATIVE_INFINITY);
  return [tf.matMul(tf.softmax(scores), v), tf.logSumExp(scores, -1)];
}

interface Check extends Visibility {
  scale?: number;
  /** Some rows attend to nothing: tfjs's own gradient of the reference is NaN there. */
  emptyRows?: boolean;
  gradientTolerance?: number;
}

/** Expects attention and its gradients to be what {@link definition} and {@link composed} give. */
export function check(inputs: Inputs, {scale, emptyRows = false, gradientTolerance, ...visibility}: Check = {}) {
  const fullScale = scale ?? inputs.queries.shape[3] ** -0.5;
  checkKernel({
    inputs: {...inputs},
    fixed: ['mask'],
    integers: ['keyLength'],
    op: ({queries, keys, values, mask, bias, keyLength}) => {
      const outputs = attention(queries, keys, values, {scale, mask, bias, keyLength, ...visibility});
      return [outputs.output, outputs.logSumExp];
    },
    reference: emptyRows || inputs.keyLength ? undefined : (tensors) => composed(tensors, fullScale, visibility),
    definition: (plain) => definition(plain as Inputs, fullScale, visibility),
    gradientTolerance,
  });
}

const size = fc.integer({min: 1, max: 3});

/** Small sizes of any kind. */
export const anySizes = fc.record<Sizes>({
  batch: size,
  keyHeads: size,
  group: fc.integer({min: 1, max: 2}),
  queries: fc.integer({min: 1, max: 4}),
  keys: fc.integer({min: 1, max: 5}),
  size,
  valueSize: size,
});
