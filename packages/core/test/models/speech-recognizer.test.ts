import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type CheckpointLayout, ctcLoss, Linear, Random, SpeechRecognizer, type SpeechRecognizerConfig} from '../../src';
import {framesOf, paddingAsBlank} from '../../src/models/frame-mask';
import {editDistance, labelsOfPath} from '../../src/models/recognized';

const blank = 1;

/** Logits of the features themselves. */
class Plain extends SpeechRecognizer<SpeechRecognizerConfig> {
  static override readonly className = 'TestPlainRecognizer';
  override layout = {name: 'plain'} as CheckpointLayout<SpeechRecognizerConfig>;

  constructor() {
    const layers = {
      frontEnd: [],
      backbone: [new Linear({name: 'body', units: 4})],
      head: new Linear({name: 'head', units: 4}),
      outputLengths: (lengths: tf.Tensor) => lengths,
    };
    super({vocabSize: 4, blank, inputSize: 3, seed: 0}, layers, {name: 'plain'});
  }
}

const drawn = (shape: number[], seed: number) => {
  const random = new Random(seed, 'drawn');
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
    shape,
  ) as tf.Tensor3D;
};

describe('a speech recognizer', () => {
  let model: Plain;
  beforeAll(() => {
    model = new Plain();
  });
  afterAll(() => void model.dispose());

  it('makes padding certain to be blank, of which the lengths come back', () => {
    tf.tidy(() => {
      const logits = model.logits({features: drawn([3, 6, 3], 1), lengths: [6, 1, 4]});
      expect([...framesOf(logits, blank).dataSync()]).toEqual([6, 1, 4]);
      expect(logits.slice([1, 3], [1, 1]).softmax().dataSync()).toEqual(Float32Array.of(0, 1, 0, 0));
      expect(logits.dataSync().every(Number.isFinite)).toBe(true);
      const none = paddingAsBlank(drawn([1, 2, 4], 2), tf.zeros([1, 2]), blank);
      expect([...framesOf(none, blank).dataSync()]).toEqual([0]);
    });
  });

  it('has the mean of the costs of all utterances for a loss, with the lengths and without', () => {
    tf.tidy(() => {
      const features = drawn([2, 6, 3], 3);
      const labels = [
        [0, 2, 3],
        [3, -100, -100],
      ];
      const lengths = tf.tensor1d([6, 4], 'int32');
      const raw = model.logits(features);
      const wanted = tf.tensor2d(labels, undefined, 'int32');
      const expected = ctcLoss(raw, wanted, {inputLengths: lengths, blank, reduction: 'none'}).mean().dataSync()[0];
      expect(model.loss({features, lengths}, labels).dataSync()[0]).toBeCloseTo(expected, 5);
      // Impossible: three labels of the second utterance in two frames.
      const impossible = [
        [0, 2, 3],
        [3, 0, 3],
      ];
      const loss = model.loss({features, lengths: [6, 2]}, impossible).dataSync()[0];
      const first = ctcLoss(raw.slice(0, 1), wanted.slice(0, 1), {blank, reduction: 'sum'}).dataSync()[0];
      expect(loss).toBeCloseTo(first / 2, 5);
    });
  });

  it('scores by wrong tokens, and counts utterances without an error for accuracy', async () => {
    const path = fc.array(fc.integer({min: 0, max: 3}), {minLength: 5, maxLength: 5});
    const target = fc.array(fc.constantFrom(0, 2, 3), {maxLength: 3});
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(path, target), {minLength: 1, maxLength: 4}), async (rows) => {
        const outputs = tf.tidy(() =>
          tf
            .oneHot(
              tf.tensor2d(
                rows.map(([one]) => one),
                undefined,
                'int32',
              ),
              4,
            )
            .toFloat(),
        );
        const padded = rows.map(([, labels]) => [...labels, ...Array(3 - labels.length).fill(-100)]);
        const targets = tf.tensor2d(padded, undefined, 'int32');
        const distances = rows.map(([one, labels]) => editDistance(labelsOfPath(one, blank), labels));
        const score = await model.score(outputs, targets);
        const accuracy = tf.tidy(() => model.accuracy(outputs, targets).dataSync()[0]);
        tf.dispose([outputs, targets]);
        expect(score).toEqual({
          sum: distances.reduce((sum, distance) => sum + distance, 0),
          count: rows.reduce((sum, [, labels]) => sum + labels.length, 0),
        });
        expect(accuracy).toBeCloseTo(distances.filter((distance) => distance === 0).length / rows.length, 6);
      }),
      {numRuns: 30},
    );
  });
});
