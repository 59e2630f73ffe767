import * as tf from '@tensorflow/tfjs';
import {DataError, type StreamState} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type AftBlockConfig, aft, layers} from '../../src';
import {drawn} from '../drawn';
import {refusalOf} from '../refusal';

const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);

/** Layers of all variants that can be causal, with weights as if they were trained. */
const makers = {
  simple: () => layers.aftSimple({causal: true}),
  full: () => layers.aftFull({causal: true, maxSequenceLength: 90, factorSize: 3}),
  local: () => layers.aftLocal({causal: true, maxSequenceLength: 90, windowSize: 5}),
  'local, one position': () => layers.aftLocal({causal: true, maxSequenceLength: 90, windowSize: 1, factorSize: 2}),
  conv: () => layers.aftConv({causal: true, numHeads: 2, kernelSize: 6}),
  'conv, one tap': () => layers.aftConv({causal: true, numHeads: 4, kernelSize: 1}),
};

describe.each(Object.entries(makers))('a causal layer, %s', (_, make) => {
  it('streams in any pieces, longer than its blocks, what it computes at once', () => {
    const layer = make();
    layer.apply(tf.input({shape: [null, 4]}));
    tf.tidy(() => layer.setWeights(layer.getWeights().map((w, i) => drawn(w.shape, i, 'weights'))));
    fc.assert(
      fc.property(fc.array(fc.integer({min: 1, max: 45}), {minLength: 1, maxLength: 4}), fc.nat(), (lengths, seed) => {
        tf.tidy(() => {
          const time = Math.min(
            90,
            lengths.reduce((sum, length) => sum + length, 0),
          );
          const x = drawn([2, time, 4], seed, 'x', 3);
          let state: StreamState | null = null;
          const outputs: tf.Tensor[] = [];
          for (let start = 0, i = 0; start < time; start += lengths[i++]) {
            const piece = x.slice([0, start, 0], [2, Math.min(lengths[i], time - start), 4]);
            const next: {output: tf.Tensor; state: StreamState} = layer.stream(piece, state);
            outputs.push(next.output);
            state = next.state;
          }
          expect(distance(tf.concat(outputs, 1), layer.apply(x) as tf.Tensor)).toBeLessThan(2e-5);
          state?.dispose();
        });
      }),
      {numRuns: 6},
    );
    layer.dispose();
  });
});

describe('padding', () => {
  it.each(['simple', 'conv'] as const)('leaves no trace, %s', (variant) => {
    const options = variant === 'conv' ? {numHeads: 2, kernelSize: 3} : {};
    const model = aft({vocabSize: 9, hiddenSize: 8, numLayers: 1, maxSequenceLength: 16, variant, ...options});
    tf.tidy(() => {
      const mask = tf.tensor2d([
        [1, 1, 1, 1],
        [0, 0, 1, 1],
      ]);
      const rows = [
        [1, 2, 3, 4],
        [7, 7, 3, 4],
      ];
      const padded = model.stream(rows, null, {attentionMask: mask});
      const alone = model.stream([3, 4]);
      expect(distance(padded.logits.slice([1, 2, 0], [1, 2, -1]), alone.logits)).toBeLessThan(1e-5);
      const [next, nextAlone] = [model.stream([[5], [5]], padded.state), model.stream([5], alone.state)];
      expect(distance(next.logits.slice([1, 0, 0], [1, 1, -1]), nextAlone.logits)).toBeLessThan(1e-5);
      for (const {state} of [next, nextAlone]) state.dispose();
    });
    model.dispose();
  });

  it.each(['full', 'local'] as const)('is refused where biases are of positions, %s', (variant) => {
    const model = aft({vocabSize: 9, hiddenSize: 8, numLayers: 1, maxSequenceLength: 16, variant});
    const mask = tf.tensor2d([[0, 1]]);
    const stream = () => model.stream([[1, 2]], null, {attentionMask: mask});
    expect(stream).toThrow(DataError);
    expect(stream).toThrow(/^block_0\/mixer: attentionMask is given, .*; feed rows of different lengths one by one$/);
    mask.dispose();
    model.dispose();
  });
});

describe('what does not go together is refused', () => {
  it('options of layers', () => {
    const conv = {numHeads: 2, kernelSize: 3};
    const input = tf.input({shape: [null, 8]});
    const grid = tf.input({shape: [null, null, 8]});
    expect(refusalOf(() => layers.aftConv({...conv, numHeads: 3, name: 'a'}).apply(input))).toBe(
      'a: numHeads is 3, but must divide the width 8',
    );
    expect(refusalOf(() => layers.aftConv({...conv, kernelSize: 4, name: 'b'}).apply(input))).toBe(
      'b: kernelSize is 4, but must be odd unless the layer is causal',
    );
    expect(refusalOf(() => layers.aftConv2d({...conv, causal: true, name: 'c'}).apply(grid))).toBe(
      'c: causal is true, but must be false, as the places of an image have no order',
    );
    const layer = layers.aftSimple({name: 'd'});
    const x = tf.zeros([1, 2, 8]);
    expect(refusalOf(() => layer.stream(x))).toBe(
      'd: causal is false, but must be true for a layer that is fed in pieces',
    );
    layer.dispose();
    x.dispose();
  });

  it('a sequence that there are no biases for', () => {
    const layer = layers.aftFull({maxSequenceLength: 3});
    expect(() => tf.tidy(() => layer.apply(tf.zeros([1, 4, 2])) as tf.Tensor)).toThrow(
      /4 tokens is longer than maxSequenceLength 3/,
    );
    layer.dispose();
  });
});

describe('what an option is that is not given', () => {
  it.each<[Partial<AftBlockConfig>, Partial<AftBlockConfig>]>([
    [{variant: 'local', maxSequenceLength: 40}, {windowSize: 32}],
    [{variant: 'full'}, {maxSequenceLength: 1024}],
    [{variant: 'conv'}, {numHeads: 2, kernelSize: 11}],
  ])('of the block %j: as the configuration of a model says, %j', (given, wanted) => {
    const block = (options: Partial<AftBlockConfig>) =>
      layers.aftBlock({variant: 'conv', intermediateSize: 8, ...given, ...options, name: 'block'});
    const [bare, explicit] = [block({}), block(wanted)];
    tf.tidy(() => {
      const x = drawn([1, 40, 32], 1, 'x');
      // Position biases and taps as if they were trained, so that a window or taps of another size would show.
      const outputs = [bare, explicit].map((layer) => {
        layer.apply(tf.input({shape: [null, 32]}));
        layer.setWeights(layer.getWeights().map((w, i) => drawn(w.shape, i, 'weights')));
        return layer.apply(x) as tf.Tensor;
      });
      expect(distance(outputs[0], outputs[1])).toBe(0);
    });
    for (const layer of [bare, explicit]) layer.dispose();
  });
});
