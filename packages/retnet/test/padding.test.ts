import * as tf from '@tensorflow/tfjs';
import {expect, it} from 'vitest';
import {retnet} from '../src';

// The laws for all models hold the other forms to this; the authors' chunks begin with the first token alone.
it("leaves no trace in the authors' chunkwise form, wherever chunks begin", () => {
  const options = {vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, chunkSize: 4};
  const model = retnet({...options, form: 'chunkwise', chunkNormalizer: 'torchscale'});
  const row = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  tf.tidy(() => {
    for (let lead = 0; lead < row.length; lead++) {
      const attentionMask = tf.tensor2d([row.map((_, i) => (i < lead ? 0 : 1)), row.map(() => 1)]);
      const padded = model.logits([row, row], {attentionMask}).slice([0, lead, 0], [1, row.length - lead, -1]);
      const alone = model.logits([row.slice(lead)]);
      expect(padded.sub(alone).abs().max().div(alone.abs().max()).dataSync()[0]).toBeLessThan(2e-6);
    }
  });
  model.dispose();
});
