import * as tf from '@tensorflow/tfjs';
import {adam} from '../../tasks/model';
import type {TaskOf} from '../../tasks/task';
import {tokens} from '../../tasks/values';
import type {Computation} from '../computation';
import {causalBias, plainLogits, turnsOf, weightTensors} from './model';

/**
 * A step of training in tfjs's own operations, with its own Adam. Rows of the embedding are looked up by a product with
 * one-hot vectors: the gradient of a gather is not on every backend.
 */
export function plainTrainingStep({model, batch, time}: TaskOf<'trainingStep'>): Computation {
  const variables = tf.tidy(() => weightTensors(model).map((weight) => tf.variable(weight)));
  const text = tokens(batch * time + 1, model.vocabSize);
  const oneHot = (list: Int32Array) =>
    tf.tidy(() => tf.oneHot(tf.tensor1d(list, 'int32'), model.vocabSize).toFloat() as tf.Tensor2D);
  const inputs = oneHot(text.slice(0, -1));
  const targets = oneHot(text.slice(1));
  const bias = causalBias(time);
  const turns = turnsOf(model, 0, time);
  const optimizer = tf.train.adam(adam.learningRate, ...adam.betas, adam.epsilon);

  const lossOf = () => {
    const embedded = tf.matMul(inputs, variables[0] as tf.Tensor2D).reshape([batch, time, model.hiddenSize]);
    const logits = plainLogits(model, variables, embedded, turns, {bias}).reshape([batch * time, model.vocabSize]);
    return tf.logSoftmax(logits).mul(targets).sum(-1).mean().neg() as tf.Scalar;
  };
  let loss: tf.Scalar | null = null;
  return {
    run() {
      loss?.dispose();
      loss = optimizer.minimize(lossOf, true, variables);
    },
    result: async () => [...((await loss?.data()) ?? [])],
    dispose() {
      optimizer.dispose();
      tf.dispose([...variables, inputs, targets, bias, turns.cos, turns.sin, ...(loss ? [loss] : [])]);
    },
  };
}
