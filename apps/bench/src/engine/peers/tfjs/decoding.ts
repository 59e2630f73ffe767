import * as tf from '@tensorflow/tfjs';
import type {TaskOf} from '../../tasks/task';
import type {Computation} from '../computation';
import {type Cache, plainLogits, turnsOf, weightTensors} from './model';

/** The token that a text begins with. */
export const firstToken = 1;

/** Decoding in tfjs's own operations: a token at a time, keys and values kept. */
export function plainDecoding({model, tokens}: TaskOf<'decode'>): Computation {
  const weights = weightTensors(model);
  const turns = Array.from({length: tokens}, (_, position) => turnsOf(model, position, 1));
  let text: number[] = [];

  /** The likeliest token behind `token`; the cache is brought up to date. */
  async function next(token: number, position: number, cache: Cache): Promise<number> {
    const before = [...cache];
    const likeliest = tf.tidy(() => {
      const embedded = weights[0].slice([token, 0], [1, -1]).reshape([1, 1, model.hiddenSize]);
      const logits = plainLogits(model, weights, embedded, turns[position], {cache});
      for (const {keys, values} of cache) tf.keep(keys) && tf.keep(values);
      return logits.argMax(-1);
    });
    tf.dispose(before);
    const [id] = await likeliest.data();
    likeliest.dispose();
    return id;
  }

  return {
    async run() {
      text = [];
      const cache: Cache = [];
      for (let i = 0; i < tokens; i++) text.push(await next(text.at(-1) ?? firstToken, i, cache));
      tf.dispose(cache);
    },
    result: async () => text,
    dispose: () => tf.dispose([weights, turns]),
  };
}
