import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ConfigError, ShapeError} from '../../src/errors';
import {rotaryFrequencies} from '../../src/kernels/rotary-embedding';
import {alibiSlopes} from '../../src/layers/alibi';
import {SelfAttention, type SelfAttentionConfig} from '../../src/layers/self-attention';
import {Random} from '../../src/random';
import type {StreamState} from '../../src/streams/stream-state';
import {expectClose, normalPlain} from '../kernels/gradient-check';
import {apply, build, buildWithRandomWeights, checkInSequential, toTensor} from './layer-check';
import {definition, rows} from './self-attention-definition';
import {checkStream} from './stream-check';

const rotary = (size: number, pairing?: 'interleaved' | 'halves') => ({frequencies: rotaryFrequencies(size), pairing});

const configs: {[name: string]: SelfAttentionConfig} = {
  plain: {numHeads: 2},
  'fused, grouped': {numHeads: 4, numKeyValueHeads: 2, headSize: 2, fused: true},
  'without biases, own head size and scale': {numHeads: 3, headSize: 2, useBias: false, scale: 0.3},
  'rotary, neighbours, one key head': {numHeads: 2, numKeyValueHeads: 1, rotary: rotary(4)},
  'rotary, halves, no output bias': {numHeads: 2, rotary: rotary(4, 'halves'), useOutputBias: false},
  'own size of values, grouped': {numHeads: 4, numKeyValueHeads: 2, headSize: 2, valueHeadSize: 3},
  'fused, own size of values': {numHeads: 2, headSize: 3, valueHeadSize: 2, fused: true},
  'rotary of some features, with a factor': {numHeads: 2, rotary: {frequencies: [1], factor: 1.3}},
  'rotary, halves of some features, values too': {
    numHeads: 1,
    rotary: {frequencies: [1, 0.3], pairing: 'halves', values: true},
  },
  ALiBi: {numHeads: 2, alibi: alibiSlopes(2)},
  'fused, rotary': {numHeads: 2, numKeyValueHeads: 1, fused: true, rotary: rotary(4)},
};

describe.each(Object.entries(configs))('SelfAttention, %s', (_, config) => {
  it('is its definition, whole and in pieces', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 2}), fc.integer({min: 1, max: 6}), fc.nat(), (batch, time, seed) => {
        const layer = new SelfAttention(config);
        const weights = buildWithRandomWeights(layer, [null, null, 8], seed);
        const x = normalPlain([batch, time, 8], seed, 'x');
        const expected = rows(x).flatMap((row) => definition(row, weights, config).flat());
        expectClose(apply(layer, x).data, expected, 1e-5, 'output');
        checkStream(layer, x);
        layer.dispose();
      }),
      {numRuns: 4},
    );
  });

  it('counts its weights as they are', () => {
    const layer = build(new SelfAttention(config), [null, null, 8]);
    const {numHeads, numKeyValueHeads = numHeads, headSize = 8 / numHeads, useBias = true} = config;
    const {valueHeadSize = headSize} = config;
    const width = (numHeads + numKeyValueHeads) * headSize + numKeyValueHeads * valueHeadSize;
    const biases = (useBias ? width : 0) + ((config.useOutputBias ?? useBias) ? 8 : 0);
    expect(layer.countParams()).toBe(8 * width + 8 * numHeads * valueHeadSize + biases);
    layer.dispose();
  });

  it('trains inside a tf.sequential, which saves and loads it', async () => {
    const x = toTensor(normalPlain([2, 4, 8], 0, 'x'));
    // With one position the keys would have no effect; their biases never have one beyond rounding.
    await checkInSequential([new SelfAttention({...config, useBias: false})], x);
  });
});

describe('SelfAttention that was saved', () => {
  it('takes for its defaults what was undefined', async () => {
    const x = toTensor(normalPlain([1, 3, 8], 0, 'x'));
    const options = {
      numKeyValueHeads: undefined,
      headSize: undefined,
      scale: undefined,
      rotary: null,
      dropout: undefined,
    };
    await checkInSequential([new SelfAttention({numHeads: 2, useBias: false, ...options})], x);
  });
});

describe('SelfAttention with an attention mask', () => {
  const config: SelfAttentionConfig = {numHeads: 2, rotary: rotary(4)};
  const mask = [
    [0, 0, 1, 1, 1],
    [1, 1, 1, 1, 1],
  ];

  it('gives a row that is padded on the left what it gives the row alone', () => {
    const layer = new SelfAttention(config);
    const weights = buildWithRandomWeights(layer, [null, null, 8]);
    const x = normalPlain([2, 5, 8], 0, 'x');
    const [padded, full] = rows(x);
    const expected = [...definition(padded.slice(2), weights, config), ...definition(full, weights, config)];
    tf.tidy(() => {
      const y = layer.forward(toTensor(x), {training: false, attentionMask: tf.tensor2d(mask)});
      expectClose(y.dataSync().slice(2 * 8), expected.flat(), 1e-5, 'output behind the padding');
      expect(y.dataSync().every(Number.isFinite)).toBe(true);
    });
    layer.dispose();
  });

  it('remembers it: later pieces need none', () => {
    const layer = new SelfAttention(config);
    buildWithRandomWeights(layer, [null, null, 8]);
    const x = toTensor(normalPlain([2, 5, 8], 0, 'x'));
    tf.tidy(() => {
      const whole = layer.forward(x, {training: false, attentionMask: tf.tensor2d(mask)});
      for (let cut = 2; cut < 5; cut++) {
        const first = {training: false, attentionMask: tf.tensor2d(mask.map((row) => row.slice(0, cut)))};
        const {state} = layer.advance(x.slice([0, 0], [2, cut]), null, first);
        const {output} = layer.advance(x.slice([0, cut], [2, 5 - cut]), state, {training: false});
        const expected = whole.slice([0, cut], [2, 5 - cut]);
        expectClose(output.dataSync(), expected.dataSync(), 1e-5, `the piece from ${cut} on`);
      }
    });
    tf.dispose([x]);
    layer.dispose();
  });

  it('can begin in a later piece', () => {
    const layer = new SelfAttention(config);
    buildWithRandomWeights(layer, [null, null, 8]);
    const x = toTensor(normalPlain([1, 3, 8], 0, 'x'));
    tf.tidy(() => {
      const whole = layer.forward(x, {training: false, attentionMask: tf.tensor2d([[1, 0, 1]])});
      const {state} = layer.advance(x.slice([0, 0], [1, 1]), null, {training: false});
      const second = {training: false, attentionMask: tf.tensor2d([[0, 1]])};
      const {output} = layer.advance(x.slice([0, 1], [1, 2]), state, second);
      expectClose(output.dataSync(), whole.slice([0, 1], [1, 2]).dataSync(), 1e-5, 'the second piece');
    });
    x.dispose();
    layer.dispose();
  });
});

describe('SelfAttention with dropout', () => {
  const x = () => toTensor(normalPlain([1, 4, 8], 0, 'x'));

  it('draws in training alone, from the generator that it is given', () => {
    const layer = new SelfAttention({numHeads: 2, dropout: 0.5});
    buildWithRandomWeights(layer, [null, null, 8]);
    tf.tidy(() => {
      const plain = layer.forward(x(), {training: false}).dataSync();
      const drawn = (seed: number) => layer.forward(x(), {training: true, random: new Random(seed)}).dataSync();
      expect(drawn(1)).toEqual(drawn(1));
      expect(drawn(1)).not.toEqual(drawn(2));
      expect(drawn(1)).not.toEqual(plain);
    });
    layer.dispose();
  });

  it('of rate 0 changes nothing in training', () => {
    const layer = new SelfAttention({numHeads: 2});
    buildWithRandomWeights(layer, [null, null, 8]);
    tf.tidy(() => {
      expect(layer.forward(x(), {training: true}).dataSync()).toEqual(layer.forward(x(), {training: false}).dataSync());
    });
    layer.dispose();
  });
});

describe('SelfAttention refuses', () => {
  it('heads that do not divide the width or each other', () => {
    for (const config of [{numHeads: 3}, {numHeads: 4, numKeyValueHeads: 3}])
      expect(() => build(new SelfAttention(config), [null, null, 8])).toThrow(ConfigError);
  });

  it.each<[Partial<SelfAttentionConfig>, string]>([
    [{window: 0}, 'window is 0, but must be a whole number of at least 1, or null'],
    [{window: 2.5}, 'window is 2.5, but must be a whole number of at least 1, or null'],
    [{window: 2, sinks: -1}, 'sinks is -1, but must be a whole number of at least 0'],
    [{sinks: 1}, 'sinks is 1, but needs a window'],
    [{alibi: [0.5]}, 'alibi has 1 slopes, but must have one for each of 2 heads'],
  ])('%j', (config, message) => {
    const layer = new SelfAttention({name: 'attention', numHeads: 2, ...config});
    expect(() => build(layer, [null, null, 8])).toThrow(new ConfigError(`attention: ${message}`));
  });

  it('what is longer than maxSequenceLength, whole and as a stream', () => {
    const layer = build(new SelfAttention({name: 'attention', numHeads: 2, maxSequenceLength: 3}), [null, null, 8]);
    const message = 'attention: a sequence of 4 tokens is longer than maxSequenceLength 3';
    tf.tidy(() => {
      expect(() => layer.forward(tf.zeros([1, 4, 8]), {training: false})).toThrow(message);
      const {state} = layer.stream(tf.zeros([1, 3, 8]));
      expect(() => layer.stream(tf.zeros([1, 1, 8]), state)).toThrow(ShapeError);
      state.dispose();
    });
    layer.dispose();
  });

  it('another batch than the stream had, and a mask of another shape', () => {
    const layer = build(new SelfAttention({name: 'attention', numHeads: 2}), [null, null, 8]);
    tf.tidy(() => {
      const {state}: {state: StreamState} = layer.stream(tf.zeros([2, 3, 8]));
      expect(() => layer.stream(tf.zeros([1, 1, 8]), state)).toThrow(
        'attention: a batch of 1 cannot continue a stream of a batch of 2',
      );
      state.dispose();
      expect(() => layer.forward(tf.zeros([2, 3, 8]), {training: false, attentionMask: tf.ones([2, 2])})).toThrow(
        'attentionMask [2,2] must have the shape [batch, time] of the input, [2,3]',
      );
    });
    layer.dispose();
  });
});
