import * as tf from '@tensorflow/tfjs';
import {
  anglesAt,
  type RopeScaling,
  readRopeScaling,
  rotaryFrequencies,
  rotaryTables,
  scaledAngles,
} from '@variants/core';
import {type Actual, type GoldenCase, type Kinds, probedOperator} from '@variants-tooling/golden';
import {ops} from '../src';

type Tensors = {[name: string]: tf.Tensor};
type Fields = {[field: string]: number};

const upTo = (count: number, from = 0) => Array.from({length: count}, (_, n) => from + n);
const scoresOf = (queries: tf.Tensor, keys: tf.Tensor) => tf.matMul(queries, keys, false, true);
const timeOf = (x: tf.Tensor) => x.shape[x.rank - 2] as number;
const probesOf = (...names: string[]) => Object.fromEntries(names.map((name) => [`output.${name}`, `probe.${name}`]));
const inputsOf = (golden: GoldenCase, ...names: string[]) =>
  Object.fromEntries(names.map((name) => [`input.${name}`, golden.input(name)]));

function rotaryInterleaved(golden: GoldenCase): Actual {
  const {base, head_dim: size, max_position_embeddings: length} = golden.config as Fields;
  const [offset] = golden.integers('offset');
  const [q, k] = [golden.input('q'), golden.input('k')];
  const at = (x: tf.Tensor, from: number) => ops.rotary(x, upTo(timeOf(x), from), {base});
  const [first, second] = [at(q, 0), at(k, 0)];
  return {
    ...probedOperator(golden, {
      inputs: inputsOf(golden, 'q', 'k', 'v'),
      run: (inputs) =>
        Object.fromEntries(['q', 'k', 'v'].map((name) => [`output.${name}`, at(inputs[`input.${name}`], offset)])),
      probes: probesOf('q', 'k', 'v'),
    }),
    'output.q.offset0': first,
    'output.k.offset0': second,
    'output.scores': scoresOf(first, second),
    'output.inverse': ops.rotary(at(q, offset), upTo(timeOf(q), offset), {base, inverse: true}),
    'output.table': tf.tensor2d(ops.positionTable(length, size, {base}), [length, size]),
  };
}

function rotaryHalf(golden: GoldenCase): Actual {
  const {rope_theta: base, head_dim: size, partial_rotary_factor: share} = golden.config as Fields;
  const [positions, q, k] = ['position_ids', 'q', 'k'].map((name) => golden.input(name));
  const options = {base, pairing: 'halves'} as const;
  const partial = {...options, size: Math.floor(size * share)};
  const frequencies = rotaryFrequencies(size, base);
  const {cos, sin} = rotaryTables(golden.integers('position_ids'), frequencies);
  const twice = (table: tf.Tensor) => tf.concat([table, table], 1).reshape([...positions.shape, size]);
  return {
    ...probedOperator(golden, {
      inputs: inputsOf(golden, 'q', 'k'),
      run: (inputs): Tensors => ({
        'output.q': ops.rotary(inputs['input.q'], positions, options),
        'output.k': ops.rotary(inputs['input.k'], positions, options),
      }),
      probes: probesOf('q', 'k'),
    }),
    'output.cos': twice(cos),
    'output.sin': twice(sin),
    'output.inv_freq': tf.tensor1d(frequencies),
    'output.inverse': ops.rotary(ops.rotary(q, positions, options), positions, {...options, inverse: true}),
    'output.q.partial': ops.rotary(q, positions, partial),
    'output.k.partial': ops.rotary(k, positions, partial),
  };
}

/** The frequencies as the authors have them: where positions are scaled, theirs are the plain ones. */
function authorsFrequencies(scaling: RopeScaling, frequencies: readonly number[], length: number): number[] {
  if (scaling.type !== 'dynamicLinear') return [...frequencies];
  const share = Math.min(1, scaling.originalMaxSequenceLength / length);
  return frequencies.map((theta) => theta / share);
}

/** Every length that a case stores, or the one that it has without a suffix. */
function scaling(golden: GoldenCase): Actual {
  const {head_dim: size, rope_theta: base} = golden.config as Fields;
  const read = readRopeScaling(golden.config, golden.name) as RopeScaling;
  const suffixes = golden.names(/^output\.q(\.|$)/).map((name) => name.slice('output.q'.length));
  const positionsOf = (suffix: string) => golden.integers(`position_ids${suffix}`);
  const lengthOf = (suffix: string) =>
    suffix === '' ? Math.max(...positionsOf(suffix)) + 1 : Number(suffix.slice('.len'.length));
  const turn = (x: tf.Tensor, suffix: string) =>
    ops.rotary(x, positionsOf(suffix), {base, pairing: 'halves', scaling: read, length: lengthOf(suffix)});
  const probes = suffixes.flatMap((suffix) => ['q', 'k'].map((name) => [`output.${name}${suffix}`, `probe.${name}`]));
  const computed = probedOperator(golden, {
    inputs: inputsOf(golden, 'q', 'k'),
    run: (inputs) =>
      Object.fromEntries(
        suffixes.flatMap((suffix) =>
          ['q', 'k'].map((name) => [`output.${name}${suffix}`, turn(inputs[`input.${name}`], suffix)]),
        ),
      ),
    probes: Object.fromEntries(probes),
  });
  for (const suffix of suffixes) {
    const {frequencies, factor} = anglesAt(scaledAngles(size, base, read), lengthOf(suffix));
    const [q, k] = ['q', 'k'].map((name) => computed[`output.${name}${suffix}`] as tf.Tensor);
    Object.assign(computed, {
      [`output.inv_freq${suffix}`]: tf.tensor1d(authorsFrequencies(read, frequencies, lengthOf(suffix))),
      [`output.attention_factor${suffix}`]: tf.tensor1d([factor]),
      [`output.scores${suffix}`]: scoresOf(q, k),
    });
  }
  return computed;
}

function rotaryVariants(golden: GoldenCase): Actual {
  const {dim, theta: base, head_dim: headSize, axial_max_freq: maxFrequency, ...fields} = golden.config as Fields;
  const [q, k, image] = ['q', 'k', 'image'].map((name) => golden.input(name));
  const [time, [offset], [numQueries]] = [timeOf(q), golden.integers('offset'), golden.integers('query_length')];
  const turn = (x: tf.Tensor, from = 0, more: object = {}) =>
    ops.rotary(x, upTo(timeOf(x), from), {size: dim, base, ...more});
  const byHeads = turn(q).transpose([0, 2, 1, 3]);
  const grid = image.shape.slice(1, 3) as number[];
  const angles = tf.tensor2d(ops.axialAngles(grid, headSize, {maxFrequency}), [grid[0] * grid[1], headSize / 2]);
  const center = Math.floor(time / 2);
  const scaled = ops.xPos(q, k, {size: dim, base, scaleBase: fields.xpos_scale_base, center});
  return {
    ...probedOperator(golden, {
      inputs: {input: q, freqs: golden.weights().freqs},
      run: ({input, freqs}) => ({'output.q': ops.learnedRotary(input, upTo(time), freqs as tf.Tensor1D)}),
      probes: {'output.q': 'probe'},
    }),
    'output.q.offset': turn(q, offset),
    'output.q.seq_before_head': byHeads,
    'output.q.cached': turn(q.slice([0, 0, time - numQueries], [-1, -1, numQueries]), time - numQueries),
    'output.k.cached': turn(k),
    'output.q.interpolated': turn(q, 0, {scaling: {type: 'linear', factor: fields.interpolate_factor}}),
    'output.q.ntk': turn(q, 0, {scaling: {type: 'ntk', factor: fields.theta_rescale_factor}}),
    'output.q.theta': turn(q, 0, {base: fields.other_theta}),
    'output.axial_freqs': tf.stack([angles, angles], 2).reshape([...grid, headSize]),
    'output.image': ops.axialRotary(image, {maxFrequency}),
    'output.image.lang': ops.axialRotary(image, {positions: 'tokens', base}),
    'output.q.xpos': scaled.queries,
    'output.k.xpos': scaled.keys,
    'output.scores.xpos': scoresOf(scaled.queries, scaled.keys),
  };
}

function xPos(golden: GoldenCase): Actual {
  const {head_dim: size, scale_base: scaleBase} = golden.config as Fields;
  const [numQueries] = golden.integers('query_length');
  const [q, k] = [golden.input('q'), golden.input('k')];
  const whole = ops.xPos(q, k, {scaleBase});
  const last = ops.xPos(q.slice([0, timeOf(q) - numQueries], [-1, numQueries]), k, {scaleBase});
  return {
    ...probedOperator(golden, {
      inputs: inputsOf(golden, 'q', 'k'),
      run: (inputs): Tensors => {
        const {queries, keys} = ops.xPos(inputs['input.q'], inputs['input.k'], {scaleBase});
        return {'output.q': queries, 'output.k': keys};
      },
      probes: probesOf('q', 'k'),
    }),
    'output.scores': scoresOf(whole.queries, whole.keys),
    'output.scale': tf.tensor1d(ops.xPosScales(size)),
    'output.q.last': last.queries,
    'output.scores.last': scoresOf(last.queries, last.keys),
  };
}

export const operatorKinds: Kinds = {
  'rotary-interleaved': rotaryInterleaved,
  'rotary-half': rotaryHalf,
  scaling,
  'rotary-variants': rotaryVariants,
  xpos: xPos,
};
