import * as tf from '@tensorflow/tfjs';
import {type MadeWeights, makingWeights} from '../layers/initializers';
import {requireMemory} from './require-memory';

/**
 * Makes what the layers of a model make of themselves: at first their weights without values, so that one too large for the
 * engine is refused before any of them takes time or memory, then the values, drawn from `seed`. Where that fails, no weight
 * is left.
 * @param name The model's, for the message.
 * @throws EngineError when the engine cannot hold the weights.
 */
export function withWeights<Result>(name: string, seed: number, connect: () => Result): Result {
  const made: MadeWeights = {weights: [], draws: []};
  const {numBytes} = tf.memory();
  try {
    const result = makingWeights(made, seed, connect);
    const sizes = made.weights.map(({shape}) => tf.util.sizeFromShape(shape as number[]));
    requireMemory(
      name,
      sizes.reduce((a, b) => a + b, 0),
      numBytes,
    );
    for (const draw of made.draws) draw();
    return result;
  } catch (error) {
    for (const weight of made.weights) weight.dispose();
    throw error;
  }
}
