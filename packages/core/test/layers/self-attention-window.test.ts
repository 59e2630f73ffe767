import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import '../../src/engines/simd/register';
import {rotaryFrequencies} from '../../src/kernels/rotary-embedding';
import {alibiSlopes} from '../../src/layers/alibi';
import {SelfAttention, type SelfAttentionConfig} from '../../src/layers/self-attention';
import {type StateTree, tensorsOf} from '../../src/streams/state-tree';
import type {StreamState} from '../../src/streams/stream-state';
import {expectClose, normalPlain} from '../kernels/gradient-check';
import {apply, build, buildWithRandomWeights, checkInSequential, toTensor} from './layer-check';
import {checkRecordedSteps} from './recorded-check';
import {definition, rows} from './self-attention-definition';
import {checkStream} from './stream-check';

afterAll(() => tf.setBackend('cpu'));

const rotary = {frequencies: rotaryFrequencies(4)};
const hidden = 8;

const configs: {[name: string]: SelfAttentionConfig} = {
  'a window': {numHeads: 2, window: 3},
  'itself alone': {numHeads: 2, window: 1, rotary},
  'itself and the first': {numHeads: 2, window: 1, sinks: 1, rotary, cachePositions: 'inCache'},
  'a window longer than the sequence': {numHeads: 2, window: 50, sinks: 2, rotary, cachePositions: 'inCache'},
  'window and sinks, grouped heads': {numHeads: 4, numKeyValueHeads: 2, headSize: 2, window: 4, sinks: 2},
  'window and sinks, rotary': {numHeads: 2, window: 3, sinks: 2, rotary, fused: true},
  'window and sinks, rotary in the cache': {numHeads: 2, window: 3, sinks: 2, rotary, cachePositions: 'inCache'},
  'a window and a logit for each head': {
    numHeads: 4,
    numKeyValueHeads: 2,
    headSize: 4,
    window: 3,
    rotary,
    sinkLogit: 'learned',
  },
  'window and sinks in the cache, softmax off by one': {
    numHeads: 2,
    window: 3,
    sinks: 2,
    rotary,
    cachePositions: 'inCache',
    sinkLogit: 'zero',
  },
  'window, ALiBi': {numHeads: 2, window: 4, alibi: alibiSlopes(2)},
  'window and sinks, ALiBi in the cache': {
    numHeads: 2,
    window: 3,
    sinks: 2,
    alibi: alibiSlopes(2, 2),
    cachePositions: 'inCache',
  },
};

const sizes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 14}),
  seed: fc.nat(),
});

/** Feeds x in pieces straight to `advance`, so that the cache grows with them, and gives the outputs side by side. */
function inPieces(layer: SelfAttention, x: tf.Tensor, pieces: number[], mask?: tf.Tensor): tf.Tensor {
  let [state, start]: [StateTree, number] = [null, 0];
  const outputs = pieces.map((size) => {
    const attentionMask = mask?.slice([0, start], [-1, size]);
    const step = layer.advance(x.slice([0, start], [-1, size]), state, {training: false, attentionMask});
    start += size;
    state = step.state;
    return step.output;
  });
  return tf.concat(outputs, 1);
}

describe.each(Object.entries(configs))('SelfAttention that sees %s', (_, config) => {
  it.each(['cpu', 'simd'])('is its definition, whole and in pieces, on %s', async (backend) => {
    await tf.setBackend(backend);
    fc.assert(
      fc.property(sizes, ({batch, time, seed}) => {
        const layer = new SelfAttention(config);
        const weights = buildWithRandomWeights(layer, [null, null, hidden], seed);
        const x = normalPlain([batch, time, hidden], seed, 'x');
        const expected = rows(x).flatMap((row) => definition(row, weights, config).flat());
        expectClose(apply(layer, x).data, expected, 1e-5, 'output');
        checkStream(layer, x);
        layer.dispose();
      }),
      {numRuns: 3},
    );
  });

  const hasSinks = (config.sinks ?? 0) > 0;

  it.each(hasSinks ? ['padding'] : [])('refuses %s, which would be its sinks', () => {
    const layer = build(new SelfAttention(config), [null, null, hidden]);
    const message = /takes no attentionMask, as it has sinks/;
    tf.tidy(() => {
      const x = tf.zeros([1, 3, hidden]);
      expect(() => inPieces(layer, x, [3], tf.tensor2d([[0, 1, 1]]))).toThrow(message);
    });
    layer.dispose();
  });

  const engines = hasSinks ? [] : ['cpu', 'simd'];
  it.each(engines)('takes padding as its definition does, in a cache that grows, on %s', async (backend) => {
    await tf.setBackend(backend);
    const pieces = fc.array(fc.integer({min: 1, max: 7}), {minLength: 1, maxLength: 5});
    fc.assert(
      fc.property(pieces, fc.nat(), fc.nat(3), (sizes, seed, padding) => {
        const layer = new SelfAttention(config);
        const weights = buildWithRandomWeights(layer, [null, null, hidden], seed);
        const time = sizes.reduce((a, b) => a + b, 0);
        const x = normalPlain([2, time, hidden], seed, 'x');
        const masks = [padding, 0].map((left) => Array.from({length: time}, (_, t) => Number(t >= left)));
        const expected = rows(x).flatMap((row, b) => definition(row, weights, config, masks[b]));
        const isToken = masks.flat();
        tf.tidy(() => {
          const y = inPieces(layer, toTensor(x), sizes, tf.tensor2d(masks)).reshape([-1, hidden]);
          const found = (y.arraySync() as number[][]).filter((_, i) => isToken[i]);
          expectClose(found.flat(), expected.filter((_, i) => isToken[i]).flat(), 1e-5, `pieces of ${sizes}`);
        });
        layer.dispose();
      }),
      {numRuns: 6},
    );
  });

  it('has the gradients of its definition', async () => {
    await tf.setBackend('cpu');
    const layer = new SelfAttention(config);
    const weights = buildWithRandomWeights(layer, [null, null, hidden], 5);
    const [x, probe, step] = ['x', 'probe', 'step'].map((name) => normalPlain([1, 7, hidden], 1, name));
    const along = (h: number) => {
      const moved = {...x, data: x.data.map((value, i) => value + h * step.data[i])};
      const y = definition(rows(moved)[0], weights, config).flat();
      return y.reduce((sum, value, i) => sum + value * probe.data[i], 0);
    };
    const wanted = (along(1e-5) - along(-1e-5)) / 2e-5;
    tf.tidy(() => {
      const f = (input: tf.Tensor) => layer.forward(input, {training: true}).mul(toTensor(probe)).sum() as tf.Scalar;
      const slope = tf.grad(f)(toTensor(x)).mul(toTensor(step)).sum();
      expectClose(slope.dataSync(), [wanted], 1e-4, 'slope', 10);
    });
    layer.dispose();
  });

  it('gives the same bits when the engine runs the record of a step', async () => {
    await tf.setBackend('simd');
    const layer = new SelfAttention(config);
    buildWithRandomWeights(layer, [null, null, hidden]);
    checkRecordedSteps(layer, hidden);
    layer.dispose();
  });

  it('remembers as much of a long stream as of a short one', async () => {
    await tf.setBackend('cpu');
    const {window = 1, sinks = 0} = config;
    const layer = build(new SelfAttention(config), [null, null, hidden]);
    let state: StreamState | null = null;
    const bytes: number[] = [];
    for (const time of [1, 2, 1, (window as number) + sinks + 3, 40, 1, 1, 130]) {
      const x = tf.zeros([1, time, hidden]);
      const step: {output: tf.Tensor; state: StreamState} = layer.stream(x, state);
      tf.dispose([x, step.output]);
      state = step.state;
      bytes.push(state.bytes);
    }
    expect(new Set(bytes).size).toBe(1);
    for (const tensor of tensorsOf((state as unknown as StreamState).tree))
      if (tensor.rank === 4) expect(tensor.shape[2]).toBe((window as number) + sinks);
    (state as StreamState | null)?.dispose();
    layer.dispose();
  });
});

// But for the layer that sees itself alone, whose queries and keys would not move.
const learning = Object.entries(configs).filter(([, {window, sinks = 0}]) => (window ?? 0) + sinks > 1);

describe.each(learning)('SelfAttention that sees %s', (_, config) => {
  it('trains inside a tf.sequential, which saves and loads it', async () => {
    await tf.setBackend('cpu');
    const x = toTensor(normalPlain([2, 6, hidden], 0, 'x'));
    await checkInSequential([new SelfAttention({...config, useBias: false})], x);
  });
});

describe('SelfAttention with a window', () => {
  it('goes on from a state of which a clone was fed, one position or many', async () => {
    await tf.setBackend('simd');
    const layer = new SelfAttention({numHeads: 2, window: 3, sinks: 1});
    const weights = buildWithRandomWeights(layer, [null, null, hidden]);
    const x = normalPlain([1, 12, hidden], 0, 'x');
    const expected = rows(x).flatMap((row) => definition(row, weights, {numHeads: 2, window: 3, sinks: 1}));
    const input = toTensor(x);
    const piece = (start: number, size: number) => input.slice([0, start, 0], [1, size, hidden]);
    tf.tidy(() => {
      const {state} = layer.stream(piece(0, 7));
      for (const size of [1, 4]) {
        const branch = layer.stream(tf.ones([1, size, hidden]), state.clone());
        branch.state.dispose();
      }
      const {output, state: last} = layer.stream(piece(7, 5), state);
      expectClose(output.dataSync(), expected.slice(7).flat(), 1e-5, 'output');
      last.dispose();
    });
    input.dispose();
    layer.dispose();
  });
});
