import * as tf from '@tensorflow/tfjs';
import {type BatchSource, orderedWindows, randomWindows} from '../src/index';

/** 60 tokens below 7 in which each depends on the two before. */
export const tokens = Uint8Array.from({length: 60}).map((_, i, all) => {
  if (i < 2) all[i] = i + 1;
  else all[i] = (all[i - 1] + 2 * all[i - 2] + (i % 5 === 0 ? 1 : 0)) % 7;
  return all[i];
});

/** Windows over {@link tokens} without end, and over all of them in order. */
export const training = randomWindows(tokens, {sequenceLength: 4, vocabSize: 7});
export const validation = orderedWindows(tokens, {sequenceLength: 4, vocabSize: 7, bytesPerToken: 2});

/** A source of the given rows, which are gone through in order. */
export function rowsSource(rows: {inputs: number[]; targets: number[]}[]): BatchSource {
  const [numExamples, time] = [rows.length, rows[0].inputs.length];
  return {
    vocabSize: 7,
    tokensPerExample: time,
    numExamples,
    batch(step, batchSize) {
      const some = rows.slice(step * batchSize, (step + 1) * batchSize);
      const tensor = (key: 'inputs' | 'targets') =>
        tf.tensor2d(
          some.map((row) => row[key]),
          [some.length, time],
          'int32',
        );
      return {inputs: tensor('inputs'), targets: tensor('targets')};
    },
  };
}
