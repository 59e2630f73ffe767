import * as tf from '@tensorflow/tfjs';
import {DataError, type ForwardOptions, nextTask, Random, type RunLayer, type VariantModel} from '@variants/core';
import {type Batch, type BatchSource, disposeBatch} from '../data/batch-source';
import {checkpointed} from '../optim/gradient-checkpoint';
import {countTargets} from './count-targets';
import {countPositions, positionUnit} from './positions';
import type {TrainSettings} from './train-options';

/** A loss and its gradients by the variables' names. */
interface Gradients {
  loss: tf.Scalar;
  gradients: tf.NamedTensorMap;
}

/** Of the batch of one step; whoever asked for it disposes the tensors. */
export interface BatchGradients extends Gradients {
  /** The model's mean loss in nats over all targets that count. */
  loss: tf.Scalar;
  /** Positions of the batch: tokens, or examples where the model takes no tokens. */
  tokens: number;
}

/**
 * Computes the loss and the gradients of a step, in `settings.accumulate` pieces of the batch one after the other. The
 * pieces are weighted by their targets, so that in how many the batch is cut makes no difference but in rounding.
 * @param step from 0
 * @throws DataError when no target of the batch counts
 */
export async function batchGradients(
  model: VariantModel,
  source: BatchSource,
  step: number,
  settings: TrainSettings,
): Promise<BatchGradients> {
  const pieces: Batch[] = [];
  try {
    for (const piece of piecesOf(source, step, settings)) pieces.push(piece);
    const counts = await Promise.all(pieces.map(({targets}) => countTargets(model, targets)));
    const total = counts.reduce((a, b) => a + b, 0);
    if (total === 0) throw new DataError(`train: step ${step + 1} has no target that counts, all are -100`);
    const shares = counts.map((count) => count / total);
    const sum = await sumOfGradients(model, pieces, shares, step, settings);
    const unit = positionUnit(model);
    return {...sum, tokens: pieces.reduce((size, piece) => size + countPositions(piece, unit), 0)};
  } finally {
    for (const piece of pieces) disposeBatch(piece);
  }
}

/** The rows of a step's batch in equal pieces; a source that ends begins anew, its incomplete last batch left out. */
function* piecesOf(source: BatchSource, step: number, settings: TrainSettings): Generator<Batch> {
  const {batchSize, accumulate, seed} = settings;
  const place = step % Math.floor(source.numExamples / batchSize);
  for (let i = 0; i < accumulate; i++) yield source.batch(place * accumulate + i, batchSize / accumulate, seed);
}

async function sumOfGradients(
  model: VariantModel,
  pieces: readonly Batch[],
  shares: readonly number[],
  step: number,
  {signal, seed, gradientCheckpointing}: TrainSettings,
): Promise<Gradients> {
  let sum: Gradients | undefined;
  try {
    for (const [i, piece] of pieces.entries()) {
      signal?.throwIfAborted();
      // The mean loss of a piece without targets is NaN.
      if (shares[i] === 0) continue;
      const random = new Random(seed, 'dropout', step * pieces.length + i);
      sum = addTo(sum, pieceGradients(model, piece, shares[i], random, gradientCheckpointing));
      if (pieces.length > 1) await nextTask();
    }
  } catch (error) {
    if (sum) tf.dispose([sum.loss, sum.gradients]);
    throw error;
  }
  return sum as Gradients;
}

function pieceGradients(
  model: VariantModel,
  {inputs, targets}: Batch,
  share: number,
  random: Random,
  gradientCheckpointing: boolean,
): Gradients {
  const options: ForwardOptions = {training: true, random};
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return tf.tidy(() => {
    const {value, grads} = tf.variableGrads(() => {
      const outputs = model.forward(inputs, options, gradientCheckpointing ? throughCheckpoints : undefined);
      const loss = model.criterion(outputs, targets);
      return share === 1 ? loss : loss.mul(share);
    }, variables);
    // A weight that the loss does not depend on has the gradient 0, so that every weight has moments.
    const gradients = variables.map((variable) => [variable.name, grads[variable.name] ?? tf.zerosLike(variable)]);
    return {loss: value, gradients: Object.fromEntries(gradients)};
  });
}

/** Blocks are run again in the backward pass; the layers around them keep little, or take token ids. */
const throughCheckpoints: RunLayer = (layer, x, options) =>
  layer.isComposite && x.dtype === 'float32' ? checkpointed(layer, x, options) : layer.pass(x, options);

function addTo(sum: Gradients | undefined, piece: Gradients): Gradients {
  if (!sum) return piece;
  try {
    const added = tf.tidy(() => ({
      loss: sum.loss.add(piece.loss) as tf.Scalar,
      gradients: Object.fromEntries(
        Object.entries(sum.gradients).map(([name, g]) => [name, g.add(piece.gradients[name])]),
      ),
    }));
    tf.dispose([sum.loss, sum.gradients]);
    return added;
  } finally {
    tf.dispose([piece.loss, piece.gradients]);
  }
}
