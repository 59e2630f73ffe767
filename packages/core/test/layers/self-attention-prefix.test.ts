import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {expect, it} from 'vitest';
import {ConfigError, ShapeError} from '../../src/errors';
import {rotaryFrequencies} from '../../src/kernels/rotary-embedding';
import {inference} from '../../src/layers/layer';
import {MultiHeadAttention} from '../../src/layers/multi-head-attention';
import {SelfAttention, type SelfAttentionConfig} from '../../src/layers/self-attention';
import {expectClose, normalPlain} from '../kernels/gradient-check';
import {build, drawWeights, toTensor} from './layer-check';

const configs: SelfAttentionConfig[] = [
  {numHeads: 2},
  {numHeads: 2, rotary: {frequencies: rotaryFrequencies(4), values: true}},
  {numHeads: 4, numKeyValueHeads: 2, useBias: false},
];

/** A causal layer, and one of the same weights that looks both ways. */
function layersOf(config: SelfAttentionConfig, seed: number) {
  const causal = build(new SelfAttention(config), [null, null, 8]);
  const bidirectional = build(new MultiHeadAttention(config), [null, null, 8]);
  drawWeights(causal, seed);
  drawWeights(bidirectional, seed);
  return {causal, bidirectional};
}

/** 1 for the first positions of each row. */
const prefixOf = (lengths: number[], time: number) =>
  tf.tensor2d(lengths.map((length) => Array.from({length: time}, (_, n) => (n < length ? 1 : 0))));

it('reads a prompt in both directions and what follows causally, each row its own', () => {
  const cases = fc.record({
    config: fc.constantFrom(...configs),
    time: fc.integer({min: 1, max: 6}),
    share: fc.array(fc.double({min: 0, max: 1, noNaN: true}), {minLength: 1, maxLength: 2}),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({config, time, share, seed}) => {
      const {causal, bidirectional} = layersOf(config, seed);
      tf.tidy(() => {
        const lengths = share.map((part) => Math.round(part * time));
        const x = toTensor(normalPlain([lengths.length, time, 8], seed, 'x'));
        const y = causal.forward(x, {...inference, prefix: prefixOf(lengths, time)});
        const plain = causal.forward(x, inference);
        lengths.forEach((length, b) => {
          const rowsOf = (tensor: tf.Tensor, from: number, count: number) =>
            tensor.slice([b, from, 0], [1, count, -1]).dataSync();
          if (length === 0) expectClose(rowsOf(y, 0, time), rowsOf(plain, 0, time), 1e-5, 'without a prompt');
          else {
            const prompt = bidirectional.forward(x.slice([b, 0], [1, length]), inference);
            expectClose(rowsOf(y, 0, length), prompt.dataSync(), 1e-5, `a prompt of ${length}`);
          }
          // What follows sees all that is before it, and so did without a prompt.
          expectClose(rowsOf(y, length, time - length), rowsOf(plain, length, time - length), 1e-5, 'behind it');
        });
      });
      causal.dispose();
      bidirectional.dispose();
    }),
    {numRuns: 20},
  );
});

it('leaves padding in a prompt out, and goes on from it in a stream', () => {
  const {causal, bidirectional} = layersOf(configs[0], 3);
  tf.tidy(() => {
    const [time, prompt] = [6, 4];
    const x = toTensor(normalPlain([2, time, 8], 0, 'x'));
    const mask = tf.tensor2d([
      [1, 1, 1, 1, 1, 1],
      [1, 1, 0, 0, 1, 1],
    ]);
    const prefix = prefixOf([prompt, prompt], time);
    const whole = causal.forward(x, {...inference, attentionMask: mask, prefix});
    const changed = x.add(tf.sub(1, mask).expandDims(2).mul(7));
    const again = causal.forward(changed, {...inference, attentionMask: mask, prefix});
    expectClose(again.mul(mask.expandDims(2)).dataSync(), whole.mul(mask.expandDims(2)).dataSync(), 1e-5, 'padding');
    const cut = (tensor: tf.Tensor, from: number, to: number) => tensor.slice([0, from], [-1, to - from]);
    const first = causal.advance(cut(x, 0, prompt), null, {
      ...inference,
      attentionMask: cut(mask, 0, prompt),
      prefix: cut(prefix, 0, prompt),
    });
    const rest = causal.advance(cut(x, prompt, time), first.state, {
      ...inference,
      attentionMask: cut(mask, prompt, time),
    });
    expectClose(tf.concat([first.output, rest.output], 1).dataSync(), whole.dataSync(), 1e-5, 'a stream');
  });
  causal.dispose();
  bidirectional.dispose();
});

it('refuses a prompt in the middle of a stream, of another shape, or with a window', () => {
  const layer = build(new SelfAttention({numHeads: 2, name: 'attention'}), [null, null, 8]);
  const windowed = build(new SelfAttention({numHeads: 2, window: 2, name: 'windowed'}), [null, null, 8]);
  tf.tidy(() => {
    const x = tf.zeros([1, 2, 8]);
    const options = {...inference, prefix: tf.ones([1, 2])};
    const {state} = layer.advance(x, null, inference);
    expect(() => layer.advance(x, state, options)).toThrow(ShapeError);
    expect(() => layer.advance(x, state, options)).toThrow('attention: prefix is given for a later piece');
    expect(() => layer.forward(x, {...inference, prefix: tf.ones([1, 3])})).toThrow('prefix [1,3] must have the shape');
    expect(() => windowed.forward(x, options)).toThrow(ConfigError);
    expect(() => windowed.forward(x, options)).toThrow('windowed: window is 2, but a prefix needs attention without');
  });
  layer.dispose();
  windowed.dispose();
});
