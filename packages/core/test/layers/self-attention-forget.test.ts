import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import '../../src/engines/simd/register';
import {rotaryFrequencies} from '../../src/kernels/rotary-embedding';
import {scaledAngles} from '../../src/kernels/rotary-embedding/rope-scaling';
import {alibiSlopes} from '../../src/layers/alibi';
import {SelfAttention, type SelfAttentionConfig} from '../../src/layers/self-attention';
import type {StateTree} from '../../src/streams/state-tree';
import {expectClose, normalPlain} from '../kernels/gradient-check';
import {build, buildWithRandomWeights, toTensor} from './layer-check';

afterAll(() => tf.setBackend('cpu'));

const hidden = 8;
const run = {training: false};
const rotary = {frequencies: rotaryFrequencies(4)};

const configs: {[name: string]: SelfAttentionConfig} = {
  'no positions': {numHeads: 2},
  'rotary positions': {numHeads: 2, numKeyValueHeads: 1, rotary},
  'some features that turn, and a factor': {numHeads: 2, rotary: {frequencies: [0.7], factor: 1.3}},
  'values that turn': {numHeads: 2, rotary: {...rotary, values: true}},
  ALiBi: {numHeads: 2, alibi: alibiSlopes(2)},
};

/** A stream's length, the positions that are forgotten, how many come after that, and padding on the left of a row. */
const cases = fc
  .record({length: fc.integer({min: 2, max: 9}), more: fc.integer({min: 1, max: 4}), seed: fc.nat()})
  .chain((sizes) =>
    fc
      .tuple(fc.nat({max: sizes.length}), fc.nat({max: sizes.length}), fc.nat({max: 2}))
      .map(([a, b, padding]) => ({...sizes, start: Math.min(a, b), end: Math.max(a, b), padding})),
  )
  .filter(({start, end, length}) => end - start < length);

describe.each(Object.entries(configs))('SelfAttention with %s that forgets positions', (_, config) => {
  it.each(['cpu', 'simd'])('goes on as if they had never been, on %s', async (backend) => {
    await tf.setBackend(backend);
    fc.assert(
      fc.property(cases, ({length, more, seed, start, end, padding}) => {
        const layer = new SelfAttention(config);
        buildWithRandomWeights(layer, [null, null, hidden], seed);
        tf.tidy(() => {
          const x = toTensor(normalPlain([2, length + more, hidden], seed, 'x'));
          const mask = tf.tensor2d(
            [padding, 0].flatMap((left) => Array.from({length}, (_, t) => Number(t >= left))),
            [2, length],
          );
          // Values that turn take no mask.
          const masked = (attentionMask: tf.Tensor) => (config.rotary?.values ? {} : {attentionMask});
          const part = (t: tf.Tensor, from: number, to: number) =>
            tf.split(t, [from, to - from, (t.shape[1] as number) - to], 1)[1];
          const kept = (t: tf.Tensor) =>
            tf.concat(
              [part(t, 0, start), part(t, end, length)].filter(({size}) => size > 0),
              1,
            );
          const capacity = 16;
          const [first, after] = [part(x, 0, length), part(x, length, length + more)];
          const all = layer.advance(first, null, {...run, capacity, ...masked(mask)});
          const closed = layer.forget(all.state, {start, end, length});
          const never = layer.advance(kept(first), null, {...run, capacity, ...masked(kept(mask))});
          const outputs = [closed, never.state].map((state) => {
            const step = layer.advance(part(after, 0, 1), state, {...run, capacity});
            if (more === 1) return step.output;
            return tf.concat(
              [step.output, layer.advance(part(after, 1, more), step.state, {...run, capacity}).output],
              1,
            );
          });
          expectClose(outputs[0].dataSync(), outputs[1].dataSync(), 1e-5, `without ${start} to ${end} of ${length}`);
        });
        layer.dispose();
      }),
      {numRuns: 12},
    );
  });
});

describe('SelfAttention that cannot forget', () => {
  const forget = (config: SelfAttentionConfig) => {
    const layer = build(new SelfAttention({...config, name: 'attention'}), [null, null, hidden]);
    const tokens = () => layer.advance(tf.ones([1, 6, hidden]), null, run).state as tf.TensorContainer;
    const fed = tf.tidy(tokens);
    try {
      tf.tidy(() => {
        layer.forget(fed as StateTree, {start: 1, end: 2, length: 6});
      });
    } finally {
      tf.dispose(fed);
      layer.dispose();
    }
  };

  it('says so in one line: with a window, and where frequencies have followed the length', () => {
    expect(() => forget({numHeads: 2, window: 3})).toThrow(
      /^attention: cannot forget positions of a stream, as it has a window that does$/,
    );
    const scaled = (originalMaxSequenceLength: number) =>
      forget({numHeads: 2, rotary: scaledAngles(4, 100, {type: 'dynamic', factor: 2, originalMaxSequenceLength})});
    expect(() => scaled(5)).toThrow(
      /^attention: cannot forget positions beyond 5, from where rotary frequencies follow the length$/,
    );
    expect(() => scaled(6)).not.toThrow();
  });
});
