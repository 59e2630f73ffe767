import * as tf from '@tensorflow/tfjs';
import '@variants/core/simd';
import {Random, ShapeError, StreamState} from '@variants/core';
import {requireAlike} from '@variants-tooling/golden';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type Conformer, type ConformerOptions, conformer} from '../src';

const streaming: ConformerOptions = {
  ...{vocabSize: 7, inputSize: 9, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24, kernelSize: 4},
  ...{causal: true, chunkSize: 3, leftChunks: 2},
};

const drawn = (shape: number[], seed = 1) => {
  const random = new Random(seed, 'features');
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
    shape,
  );
};

/** Moves all weights, also statistics, so that none of them is 0 or 1. */
function moved(model: Conformer): Conformer {
  const random = new Random(3, 'weights');
  for (const weight of model.weights)
    tf.tidy(() => {
      const noise = Float32Array.from({length: weight.read().size}, () => 0.1 * Math.abs(random.normal()));
      weight.write(weight.read().add(tf.tensor(noise, weight.shape as number[])));
    });
  return model;
}

/** Logits of features that come in pieces of these sizes, and the bytes of the state after each. */
function fed(model: Conformer, features: tf.Tensor, sizes: readonly number[]) {
  let state: StreamState | null = null;
  const bytes: number[] = [];
  const parts = tf.split(features, [...sizes], 1).map((piece, i) => {
    const step: ReturnType<Conformer['stream']> = model.stream(piece, state, {last: i === sizes.length - 1});
    state = step.state;
    bytes.push(step.state.bytes);
    return step.logits;
  });
  (state as StreamState | null)?.dispose();
  const logits = tf.concat(
    parts.filter(({size}) => size > 0),
    1,
  );
  return {logits, bytes};
}

/** Sizes that add up to a length. */
function piecesOf(length: number, seed: number): number[] {
  const random = new Random(seed, 'pieces');
  const sizes: number[] = [];
  for (let left = length; left > 0; left -= sizes[sizes.length - 1]) sizes.push(Math.min(left, 1 + random.below(17)));
  return sizes;
}

const forms: [name: string, fields: ConformerOptions, length: number][] = [
  ['relative positions', {}, 70],
  ['whole chunks alone', {}, 63],
  ['positions of keys, padding as WeNet', {positions: 'key', padding: 'wenet', convolutionNorm: 'layer'}, 71],
  ['absolute positions', {positions: 'absolute', scaleInput: true, finalNorm: true}, 58],
  ['rotary positions', {positions: 'rotary', kernelSize: 1}, 49],
  ['no positions, all chunks before', {positions: 'none', leftChunks: null, normalizesInput: true}, 66],
  ['no chunk before', {leftChunks: 0, convolutionFirst: true, halfSteps: false}, 52],
  ['frames of one', {frontEnd: 'none', chunkSize: 1, leftChunks: 5}, 40],
  [
    'samples',
    {
      inputSize: null,
      frontEnd: {channels: [6, 8], kernelSizes: [5, 3], strides: [3, 2], useBias: false, norm: 'layer'},
    },
    83,
  ],
];

describe.each(['cpu', 'simd'])('on %s, pieces of an utterance', (engine) => {
  beforeAll(async () => {
    await tf.setBackend(engine);
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  it.each(forms)('give the pieces of the whole, with %s', async (_, fields, length) => {
    const model = moved(conformer({...streaming, ...fields}));
    const {inputSize} = model.config;
    const features = drawn(inputSize === null ? [2, length] : [2, length, inputSize]);
    const whole = model.logits(features);
    for (const seed of [1, 2, 3]) {
      const {logits} = tf.tidy(() => fed(model, features, piecesOf(length, seed)));
      expect(logits.shape).toEqual(whole.shape);
      await requireAlike(logits, whole, 1e-4);
      logits.dispose();
    }
    tf.dispose([features, whole]);
    model.dispose();
  });
});

describe('the state of a stream', () => {
  let model: Conformer;
  beforeAll(() => {
    model = moved(conformer(streaming));
  });
  afterAll(() => model.dispose());

  it('does not grow with the utterance, in bytes or in tensors', () => {
    const features = drawn([1, 4, 9]);
    let state: StreamState | null = null;
    const sizes: number[] = [];
    const tensors: number[] = [];
    for (let i = 0; i < 60; i++) {
      const step: ReturnType<Conformer['stream']> = model.stream(features, state);
      step.logits.dispose();
      state = step.state;
      sizes.push(state.bytes);
      tensors.push(tf.memory().numTensors);
    }
    expect(Math.max(...sizes.slice(30))).toBe(Math.max(...sizes.slice(15, 30)));
    expect(new Set(tensors.slice(30)).size).toBe(1);
    state?.dispose();
    features.dispose();
  });

  it('goes on from a copy, and from its bytes', async () => {
    const [first, second] = tf.tidy(() => tf.split(drawn([1, 60, 9]), [37, 23], 1));
    const begun = model.stream(first);
    const copies = [begun.state.clone(), StreamState.fromBytes(await begun.state.toBytes())];
    const outputs = [begun.state, ...copies].map((state) => {
      const {logits, state: after} = model.stream(second, state, {last: true});
      const values = [...logits.dataSync()];
      logits.dispose();
      after.dispose();
      return values;
    });
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[2]).toEqual(outputs[0]);
    tf.dispose([first, second, begun.logits]);
  });

  it('is not taken where the utterance has ended, or by another model', () => {
    const features = drawn([1, 40, 9]);
    const {logits, state} = model.stream(features, null, {last: true});
    expect(() => model.stream(features, state)).toThrow(/the utterance of this state has ended; start a new stream/);
    const other = conformer({...streaming, leftChunks: 1});
    expect(() => other.stream(features, state)).toThrow(
      /not of this model: it was made by conformer with leftChunks 2/,
    );
    state.dispose();
    other.dispose();
    tf.dispose([features, logits]);
  });

  it('is not taken by a batch of another size', () => {
    const [one, two] = [drawn([1, 40, 9]), drawn([2, 40, 9])];
    const {logits, state} = model.stream(one);
    expect(() => model.stream(two, state)).toThrow(ShapeError);
    expect(() => model.stream(two, state)).toThrow(/a batch of 2 cannot continue a stream of a batch of 1/);
    state.dispose();
    tf.dispose([one, two, logits]);
  });

  it('comes of an utterance that is shorter than a chunk too', async () => {
    const features = drawn([1, 9, 9]);
    const {logits, state} = model.stream(features, null, {last: true});
    const whole = model.logits(features);
    await requireAlike(logits, whole, 1e-5);
    const tooFew = drawn([1, 3, 9]);
    const nothing = model.stream(tooFew, null, {last: true});
    expect(nothing.logits.shape).toEqual([1, 0, 7]);
    expect(tf.tidy(() => nothing.logits.argMax(2).dataSync().length)).toBe(0);
    state.dispose();
    nothing.state.dispose();
    tf.dispose([features, tooFew, logits, whole, nothing.logits]);
  });
});

describe('a model that cannot stream says why', () => {
  it.each<[ConformerOptions, RegExp]>([
    [{chunkSize: null, leftChunks: null}, /cannot stream: chunkSize is null/],
    [{causal: false, kernelSize: 5}, /cannot stream: causal is false/],
    [{convolutionNorm: 'group'}, /cannot stream: convolutionNorm is 'group'/],
    [
      {inputSize: null, frontEnd: {channels: [4], kernelSizes: [3], strides: [2], useBias: true, norm: 'group'}},
      /cannot stream: the norm of frontEnd is 'group'/,
    ],
  ])('%o', (fields, message) => {
    const model = conformer({...streaming, ...fields});
    const features = tf.zeros(model.config.inputSize === null ? [1, 20] : [1, 20, 9]);
    expect(() => model.stream(features)).toThrow(message);
    features.dispose();
    model.dispose();
  });
});
