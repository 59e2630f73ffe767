import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {wideFfn} from '../src';

const small = {sourceVocabSize: 9, hiddenSize: 8, numHeads: 2, numDecoderLayers: 2, maxSequenceLength: 150};
const forms = [
  ['an encoder-decoder', {...small, numEncoderLayers: 1}],
  ['a decoder alone', {...small, decoderOnly: true}],
] as const;

describe.each(forms)('%s', (_, options) => {
  it('leaves no tensor behind, whether it streams, generates or searches', async () => {
    const model = wideFfn(options);
    const before = tf.memory().numTensors;
    let count = 0;
    for await (const _ of model.generate([3, 4, 5], {begin: 2, maxTokens: 135, seed: 1})) count++;
    expect(count).toBe(135);
    await model.beamSearch(
      [
        [3, 4, 5],
        [6, 1, 1],
      ],
      {beams: 3, minTokens: 12, maxTokens: 15},
    );
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('remembers as much whatever its feed-forwards, and keeps the source once', () => {
    const bytes = (fields: object) => {
      const model = wideFfn({...options, ...fields});
      const {logits, state} = model.stream([2], model.begin([3, 4, 5, 6, 7]));
      const size = state.bytes;
      logits.dispose();
      state.dispose();
      model.dispose();
      return size;
    };
    expect(bytes({decoderFfn: 'individual', decoderIntermediateSize: 99})).toBe(bytes({}));
  });
});
