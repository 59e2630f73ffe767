import * as tf from '@tensorflow/tfjs';
import {expect, it} from 'vitest';
import {rwkv} from '../src';
import {withLogitPenalty} from '../src/head';

it('adds to the gradient of the largest logit of each position alone', () => {
  tf.tidy(() => {
    const logits = tf.tensor3d([
      [
        [1, 4, -2],
        [-3, -1, -5],
      ],
    ]);
    const dy = tf.tensor3d([
      [
        [0, 0, 1],
        [2, 0, 0],
      ],
    ]);
    const gradient = tf.grad((x) => withLogitPenalty(x, 0.5))(logits, dy);
    expect(gradient.arraySync()).toEqual([
      [
        [0, 1, 1],
        [2, -0.25, 0],
      ],
    ]);
    expect(withLogitPenalty(logits, 0.5).arraySync()).toEqual(logits.arraySync());
  });
});

it('is the option logitPenalty of a model, in training only', () => {
  const model = rwkv({vocabSize: 5, hiddenSize: 8, numLayers: 1, intermediateSize: 8, logitPenalty: 0.1});
  const plain = rwkv({vocabSize: 5, hiddenSize: 8, numLayers: 1, intermediateSize: 8});
  const gradientOfHead = (of: typeof model, training: boolean) =>
    tf.tidy(() => {
      const head = of.weights[of.weights.length - 1].read() as tf.Variable;
      const {grads} = tf.variableGrads(() => of.logits([1, 2, 3], {training}).square().sum(), [head]);
      return [...grads[head.name].dataSync()];
    });
  expect(gradientOfHead(model, true)).not.toEqual(gradientOfHead(plain, true));
  expect(gradientOfHead(model, false)).toEqual(gradientOfHead(plain, false));
  model.dispose();
  plain.dispose();
});
