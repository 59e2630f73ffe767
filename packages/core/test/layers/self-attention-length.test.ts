import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import '../../src/engines/simd/register';
import {anglesAt, type RotaryAngles} from '../../src/kernels/rotary-embedding';
import {type RopeScaling, scaledAngles} from '../../src/kernels/rotary-embedding/rope-scaling';
import {SelfAttention, type SelfAttentionConfig} from '../../src/layers/self-attention';
import type {StateTree} from '../../src/streams/state-tree';
import {expectClose, normalPlain, type Plain} from '../kernels/gradient-check';
import {buildWithRandomWeights, toTensor} from './layer-check';
import {checkRecordedSteps} from './recorded-check';
import {definition, rows, type Weights} from './self-attention-definition';

afterAll(() => tf.setBackend('cpu'));

const original = 4;
const originalMaxSequenceLength = original;
const hidden = 16;

const scalings: RopeScaling[] = [
  {type: 'dynamic', factor: 2.5, originalMaxSequenceLength},
  {type: 'dynamicLinear', originalMaxSequenceLength},
  {type: 'dynamicYarn', originalMaxSequenceLength, betaFast: 0.5, betaSlow: 0.05, attentionScale: 1.2},
  {
    type: 'longrope',
    shortFactors: [1, 1.1, 1.2, 1.3],
    longFactors: [1.5, 2, 3, 4],
    originalMaxSequenceLength,
    factor: 4,
  },
];

const attention = (scaling: RopeScaling): SelfAttentionConfig => ({
  numHeads: 2,
  rotary: {...scaledAngles(hidden / 2, 100, scaling), pairing: 'halves'},
});

const expected = (x: Plain, weights: Weights, config: SelfAttentionConfig, lengthAt?: (t: number) => number) =>
  rows(x).flatMap((row) => definition(row, weights, config, undefined, lengthAt).flat());

function inPieces(layer: SelfAttention, x: tf.Tensor, pieces: number[]): tf.Tensor[] {
  let [state, start]: [StateTree, number] = [null, 0];
  return pieces.map((size) => {
    const step = layer.advance(x.slice([0, start], [-1, size]), state, {training: false});
    start += size;
    state = step.state;
    return step.output;
  });
}

/** The end of the piece in which a position comes. */
const endOf = (pieces: number[]) => (t: number) => {
  let [end, i] = [0, 0];
  while (end <= t) end += pieces[i++];
  return end;
};

describe.each(scalings)('SelfAttention with frequencies of type $type', (scaling) => {
  const config = attention(scaling);

  it.each(['cpu', 'simd'])(
    'turns a whole by its length, and each piece by the length up to its end, on %s',
    async (name) => {
      await tf.setBackend(name);
      fc.assert(
        fc.property(fc.array(fc.integer({min: 1, max: 4}), {minLength: 1, maxLength: 5}), fc.nat(), (pieces, seed) => {
          const time = pieces.reduce((a, b) => a + b, 0);
          const x = normalPlain([2, time, hidden], seed, 'x');
          const layer = new SelfAttention(config);
          const weights = buildWithRandomWeights(layer, [null, null, hidden], seed);
          tf.tidy(() => {
            const whole = layer.forward(toTensor(x), {training: false});
            expectClose(whole.dataSync(), expected(x, weights, config), 1e-5, 'whole');
            const fed = tf.concat(inPieces(layer, toTensor(x), pieces), 1);
            expectClose(fed.dataSync(), expected(x, weights, config, endOf(pieces)), 1e-5, `pieces of ${pieces}`);
          });
          layer.dispose();
        }),
        {numRuns: 12},
      );
    },
  );

  it('gives the same bits when the engine runs the record of a step, across the length too', async () => {
    await tf.setBackend('simd');
    const layer = new SelfAttention(config);
    buildWithRandomWeights(layer, [null, null, hidden]);
    checkRecordedSteps(layer, hidden);
    layer.dispose();
  });

  it('has those of what the cache holds when a token comes where positions count in the cache', () => {
    const [window, sinks] = [5, 2];
    const {frequencies, factor} = anglesAt(config.rotary as RotaryAngles, window + sinks - 1);
    const inCache = {...config, window, sinks, cachePositions: 'inCache'} as const;
    const held = {...inCache, rotary: {frequencies, factor, pairing: 'halves'}} as const;
    const x = normalPlain([1, 11, hidden], 3, 'x');
    const [a, b] = [inCache, held].map((each) => {
      const layer = new SelfAttention(each);
      buildWithRandomWeights(layer, [null, null, hidden], 3);
      const y = tf.tidy(() => layer.forward(toTensor(x), {training: false}).dataSync());
      layer.dispose();
      return y;
    });
    expect(a).toEqual(b);
  });
});
