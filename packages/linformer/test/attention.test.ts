import * as tf from '@tensorflow/tfjs';
import {ConfigError, inference, Random, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {describe, expect, it} from 'vitest';
import {type LinformerAttentionConfig, layers} from '../src';
import {LinformerAttention} from '../src/attention-layer';

const small = {numHeads: 2, maxSequenceLength: 12, compressedLength: 4};

function normal(shape: number[], seed: number): tf.Tensor {
  const random = new Random(seed, 'attention');
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
    shape,
  );
}

const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);

/** A built layer of random weights, all of a size at which every one of them matters. */
function layerOf(config: Partial<LinformerAttentionConfig> = {}, width = 6): LinformerAttention {
  const layer = new LinformerAttention({...small, ...config, name: 'attention'});
  tf.tidy(() => {
    layer.apply(tf.zeros([1, 2, width]));
    layer.setWeights(layer.getWeights().map((weight, i) => normal(weight.shape, i)));
  });
  return layer;
}

const weightOf = (layer: LinformerAttention, name: string) =>
  layer.weights.find(({originalName}) => originalName === `attention/${name}`)?.read() as tf.Tensor;

function setWeight(layer: LinformerAttention, name: string, value: tf.Tensor) {
  layer.weights.find(({originalName}) => originalName === `attention/${name}`)?.write(value);
}

describe('sharing', () => {
  it('is a question of matrices alone: each head with the same one computes what all with one do', () => {
    for (const compression of ['linear', 'convolution'] as const) {
      const own = layerOf({sharing: 'none', compression, compressionBias: 'added'});
      const [one, two] = [
        layerOf({sharing: 'kv', compression, compressionBias: 'added'}),
        layerOf({compression, compressionBias: 'added'}),
      ];
      tf.tidy(() => {
        for (const layer of [two, own])
          for (const {originalName} of layer.weights) {
            const name = originalName.slice('attention/'.length);
            const source = weightOf(one, name.replace('compression/values', 'compression/keys'));
            const repeated = layer === own && name.startsWith('compression/');
            setWeight(layer, name, repeated ? tf.stack([source, source]) : source);
          }
        const x = normal([2, 9, 6], 1);
        const mask = tf.tensor2d([Array(9).fill(1), [1, 1, 1, 1, 1, 1, 0, 0, 0]]);
        const output = one.call(x, {attentionMask: mask});
        const scale = output.abs().max().dataSync()[0];
        expect(distance(two.call(x, {attentionMask: mask}), output)).toBeLessThan(1e-5 * scale);
        expect(distance(own.call(x, {attentionMask: mask}), output)).toBeLessThan(1e-5 * scale);
      });
      for (const layer of [own, one, two]) layer.dispose();
    }
  });

  it('has as many matrices as the paper says', () => {
    const shapesOf = (config: Partial<LinformerAttentionConfig>) => {
      const layer = layerOf(config);
      const shapes = layer.weights
        .filter(({originalName}) => originalName.includes('compression'))
        .map(({shape}) => shape);
      layer.dispose();
      return shapes;
    };
    expect(shapesOf({sharing: 'none'})).toEqual([
      [2, 4, 12],
      [2, 4, 12],
    ]);
    expect(shapesOf({sharing: 'headwise'})).toEqual([
      [4, 12],
      [4, 12],
    ]);
    for (const sharing of ['kv', 'layerwise'] as const) expect(shapesOf({sharing})).toEqual([[4, 12]]);
    expect(shapesOf({valuesAreKeys: true})).toEqual([[4, 12]]);
    expect(shapesOf({compression: 'convolution', sharing: 'kv'})).toEqual([[3, 3, 3]]);
    expect(shapesOf({compression: 'mean'})).toEqual([]);
  });
});

describe('means of windows', () => {
  it('are what a matrix of their shares gives', () => {
    const [pooled, linear] = [layerOf({compression: 'mean'}), layerOf({sharing: 'kv'})];
    tf.tidy(() => {
      for (const {originalName} of pooled.weights) {
        const name = originalName.slice('attention/'.length);
        setWeight(linear, name, weightOf(pooled, name));
      }
      const share = (slot: number, place: number) => (Math.floor(place / 3) === slot ? 1 / 3 : 0);
      const matrix = [0, 1, 2, 3].map((slot) => [...Array(12).keys()].map((place) => share(slot, place)));
      setWeight(linear, 'compression/keys', tf.tensor2d(matrix));
      const x = normal([2, 12, 6], 1);
      expect(distance(pooled.call(x), linear.call(x))).toBeLessThan(1e-4);
    });
    pooled.dispose();
    linear.dispose();
  });
});

describe('padding', () => {
  it('leaves no trace behind a sequence, by any compression, and is no slot where nothing is learned', () => {
    const forms: Partial<LinformerAttentionConfig>[] = [
      {},
      {sharing: 'none'},
      {compression: 'convolution', compressedLength: 5},
      {compression: 'mean', compressedLength: 5},
      {compression: 'max'},
      {valuesAreKeys: true, numKeyValueHeads: 1},
    ];
    for (const form of forms) {
      const layer = layerOf(form);
      tf.tidy(() => {
        const x = normal([1, 7, 6], 1);
        const padded = tf.concat([x, tf.fill([1, 4, 6], 9)], 1);
        const attentionMask = tf.tensor2d([[1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]]);
        const [alone, masked] = [layer.call(x), layer.call(padded, {attentionMask}).slice([0, 0], [1, 7])];
        const scale = alone.abs().max().dataSync()[0];
        expect(distance(masked, alone), JSON.stringify(form)).toBeLessThan(1e-5 * scale);
        expect(distance(layer.call(padded).slice([0, 0], [1, 7]), alone)).toBeGreaterThan(1e-3 * scale);
      });
      layer.dispose();
    }
  });
});

describe('a document', () => {
  it('is compressed once and attended to by any number of queries', () => {
    const layer = layerOf();
    tf.tidy(() => {
      const [queries, document] = [normal([2, 40, 6], 1), normal([2, 11, 6], 2)];
      const compressed = layer.keysAndValues(document);
      expect(compressed.keys.shape).toEqual([2, 2, 4, 3]);
      const whole = layer.call([queries, document]);
      const parts = [0, 15, 39].map((start, i) =>
        layer.attend(queries.slice([0, start], [2, [15, 24, 1][i]]), compressed, inference),
      );
      expect(distance(tf.concat(parts, 1), whole)).toBeLessThan(1e-5);
      const weights = layer.attentionWeights(queries, compressed);
      expect(weights.shape).toEqual([2, 2, 40, 4]);
      for (const sum of weights.sum(-1).dataSync()) expect(sum).toBeCloseTo(1, 5);
    });
    layer.dispose();
  });
});

describe('frozen compression', () => {
  it('keeps its matrices out of what is trained', () => {
    const layer = layerOf({trainCompression: false, compressionBias: 'added'});
    const names = (weights: tf.LayerVariable[]) => weights.map(({originalName}) => originalName);
    expect(names(layer.trainableWeights).join()).not.toMatch(/compression/);
    expect(names(layer.nonTrainableWeights)).toHaveLength(4);
    layer.dispose();
  });
});

const within = (run: () => unknown) => () => tf.tidy(() => void run());
const withLayer = (run: (layer: LinformerAttention) => unknown) => () => {
  const layer = layerOf();
  try {
    tf.tidy(() => void run(layer));
  } finally {
    layer.dispose();
  }
};

refusals([
  [
    'more positions than it was made for',
    ShapeError,
    withLayer((layer) => layer.call(tf.zeros([1, 13, 6]))),
    /^attention: 13 positions are more than maxSequenceLength 12, for which its compression is made; cut them$/,
  ],
  [
    'a mask of another length',
    ShapeError,
    withLayer((layer) => layer.call(tf.zeros([1, 5, 6]), {attentionMask: tf.ones([1, 6])})),
    /^attention: attentionMask \[1,6\] must have the shape \[batch, time\] of the keys, \[1,5\]$/,
  ],
  [
    'more windows than positions',
    ConfigError,
    () => layers.linformerAttention({...small, compressedLength: 13, compression: 'max', name: 'attention'}),
    /^attention: compressedLength is 13, but must be at most maxSequenceLength 12 with compression 'max'$/,
  ],
  [
    'no slots',
    ConfigError,
    () => layers.sequenceCompression({maxSequenceLength: 12, compressedLength: 0, name: 'compression'}),
    /^compression: compressedLength is 0, but must be a whole number of at least 1$/,
  ],
  [
    'heads that do not divide the width',
    ConfigError,
    within(() => layers.linformerAttention({...small, name: 'attention'}).apply(tf.input({shape: [2, 7]}))),
    /^attention: numHeads is 2, but must divide the width 7$/,
  ],
  [
    'an input without a certain width',
    ShapeError,
    within(() =>
      layers.linformerBlock({...small, intermediateSize: 8, name: 'block'}).apply(tf.input({shape: [2, null]})),
    ),
    /^block.*: the last dimension of its input .* must be known/,
  ],
]);

describe('inputs', () => {
  it('may be a source and what is padding there, as options may', () => {
    const layer = layerOf();
    tf.tidy(() => {
      const [x, source] = [normal([1, 3, 6], 1), normal([1, 5, 6], 2)];
      const mask = tf.tensor2d([[1, 1, 1, 0, 0]]);
      const wanted = layer.call([x, source.slice([0, 0, 0], [1, 3, 6])]);
      expect(distance(layer.call([x, source, mask]), wanted)).toBeLessThan(1e-5);
      expect(distance(layer.call([x, source], {attentionMask: mask}), wanted)).toBeLessThan(1e-5);
      expect(distance(layer.call([source, mask]), layer.call(source, {attentionMask: mask}))).toBe(0);
    });
    layer.dispose();
  });
});

describe('the shape of compressed sequences', () => {
  it.each([
    {method: 'linear'},
    {method: 'mean'},
    {method: 'max'},
    {method: 'convolution'},
    {method: 'convolution', dropRemainder: true},
  ] as const)('is known before they are: %o', (options) => {
    const layer = layers.sequenceCompression({maxSequenceLength: 11, compressedLength: 4, headSize: 3, ...options});
    tf.tidy(() => {
      for (const time of [11, 5, 1]) {
        const x = normal(options.method === 'convolution' ? [2, 1, time, 3] : [2, time, 3], 1);
        expect(layer.computeOutputShape(x.shape)).toEqual((layer.apply(x) as tf.Tensor).shape);
      }
    });
    layer.dispose();
  });
});
