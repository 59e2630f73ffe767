import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {attentionSinks, recomputedLogits, streamLoss} from '../src';

const small = {vocabSize: 7, hiddenSize: 8, numHeads: 2, numLayers: 2, intermediateSize: 8};
const text = (length: number, shift = 0) => Array.from({length}, (_, i) => (i * i + shift) % 7);

describe('recomputedLogits', () => {
  it('is a fresh pass over the last tokens, for each', () => {
    const model = attentionSinks({...small, cache: 'growing'});
    const cases = fc.record({
      time: fc.integer({min: 1, max: 12}),
      window: fc.integer({min: 1, max: 14}),
      batchSize: fc.integer({min: 1, max: 5}),
    });
    fc.assert(
      fc.property(cases, ({time, window, batchSize}) =>
        tf.tidy(() => {
          const rows = [text(time), text(time, 3)];
          const found = recomputedLogits(model, rows, {window, batchSize});
          expect(found.shape).toEqual([2, time, 7]);
          for (let t = 0; t < time; t++) {
            const part = rows.map((row) => row.slice(Math.max(0, t - window + 1), t + 1));
            const fresh = model.logits(part).slice([0, part[0].length - 1], [-1, 1]);
            expect(found.slice([0, t], [-1, 1]).sub(fresh).abs().max().dataSync()[0]).toBeLessThan(1e-5);
          }
        }),
      ),
      {numRuns: 12},
    );
    model.dispose();
  });
});

describe('streamLoss', () => {
  it('is the loss of the text in one pass, in pieces of any length', async () => {
    const model = attentionSinks({...small, numSinks: 2, windowSize: 4});
    const rows = [text(23), text(23, 2)];
    const loss = tf.tidy(() => model.loss(rows).dataSync()[0]);
    for (const pieceLength of [1, 5, 22, 100]) {
      const found = await streamLoss(model, rows, {pieceLength});
      expect(found.loss).toBeCloseTo(loss, 5);
      expect(found).toEqual({...found, perplexity: Math.exp(found.loss), tokens: 44});
    }
    model.dispose();
  });
});
