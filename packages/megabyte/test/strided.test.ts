import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {megabyte, megabytePaper, stridedLogits} from '../src';

const stages = (patchSize: number) =>
  megabyte({
    vocabSize: 7,
    stageLengths: [4, patchSize],
    hiddenSizes: [6, 4],
    numLayers: [1, 1],
    numHeads: 1,
    headSize: 4,
  });
const paper = (patchSize: number) =>
  megabytePaper({
    vocabSize: 7,
    patchSize,
    maxSequenceLength: 4 * patchSize,
    globalSize: 4,
    numGlobalHeads: 1,
    localSize: 6,
    numLocalHeads: 1,
  });

/** For each token which pass predicts the next, by the paper's words: the one in whose first half it is predicted. */
const choices: [form: string, create: typeof stages | typeof paper, patch: number, time: number, second: number[]][] = [
  ['stages', stages, 4, 9, [0, 0, 1, 1, 0, 0, 1, 1, 0]],
  ['stages', stages, 2, 5, [0, 1, 0, 1, 0]],
  // Of an odd patch the shorter half is before: the place further in front counts.
  ['stages', stages, 3, 7, [0, 1, 1, 0, 1, 1, 0]],
  ['stages', stages, 1, 3, [0, 0, 0]],
  // There the first token of a patch is predicted by that patch.
  ['the paper', paper, 4, 9, [0, 0, 1, 0, 0, 1, 1, 0, 0]],
  ['the paper', paper, 4, 2, [0, 0]],
];

describe('stridedLogits', () => {
  it.each(choices)(
    'of %s take for each token the pass that predicts it further in front (%#)',
    (_, create, patch, time, second) => {
      const model = create(patch);
      const tokens = Array.from({length: time}, (_, i) => (3 * i + 1) % 7);
      const shift = Math.floor(patch / 2);
      tf.tidy(() => {
        const first = model.logits(tokens).arraySync()[0];
        const later = time > shift ? model.logits(tokens.slice(shift)).arraySync()[0] : [];
        const wanted = first.map((logits, t) => (second[t] ? later[t - shift] : logits));
        expect(stridedLogits(model, tokens).arraySync()).toEqual([wanted]);
        const rows = tf.tensor2d([tokens, tokens], undefined, 'int32');
        const both = stridedLogits(model, rows).arraySync();
        expect(both[0]).toEqual(both[1]);
        for (const [t, logits] of both[0].entries())
          for (const [i, value] of logits.entries()) expect(value).toBeCloseTo(wanted[t][i], 5);
      });
      model.dispose();
    },
  );
});
