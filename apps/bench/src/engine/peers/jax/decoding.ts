import {type Array as JaxArray, jit, numpy as np} from '@jax-js/jax';
import type {TaskOf} from '../../tasks/task';
import type {Computation} from '../computation';
import {firstToken} from '../tfjs/decoding';
import {plainAttention, plainLogits, type Turns, turnsOf, weightArrays} from './model';

/** Keys and values [1, heads, tokens, size] of the blocks, zeros where no token was yet. */
type Cache = {keys: JaxArray[]; values: JaxArray[]};
type Step = {token: JaxArray; position: JaxArray};

/**
 * Decoding, a token at a time, by one compiled function: its shapes must not change, so that the keys and values of all
 * positions are there from the beginning, and those that come later are hidden.
 */
export function decoding({model, tokens}: TaskOf<'decode'>): Computation {
  const {hiddenSize, numHeads, numLayers, vocabSize} = model;
  const size = hiddenSize / numHeads;
  const weights = weightArrays(model);
  const turns = turnsOf(model, tokens);
  const places = np.arange(tokens);

  const next = jit((weights: JaxArray[], turns: Turns, places: JaxArray, {token, position}: Step, cache: Cache) => {
    const now = np.equal(places.ref, position.ref).astype(np.float32);
    const here = now.ref.reshape([1, 1, tokens, 1]);
    const hidden = np.where(np.greater(places, position), -1e9, 0).reshape([1, tokens]);
    // A one-hot vector, as in training, would make a matrix of the vocabulary's square.
    const embedded = np.take(weights[0].ref, token, 0);
    const row = (table: JaxArray) => np.matmul(now.ref.reshape([1, tokens]), table);
    const turned = {cos: row(turns.cos), sin: row(turns.sin)};
    const after: Cache = {keys: [], values: []};
    const put = (old: JaxArray, added: JaxArray) => old.add(here.ref.mul(added));
    const logits = plainLogits(model, weights, embedded.reshape([1, 1, hiddenSize]), turned, (layer, q, k, v) => {
      const keys = put(cache.keys[layer], k);
      const values = put(cache.values[layer], v);
      after.keys.push(keys.ref);
      after.values.push(values.ref);
      return plainAttention(q, keys, values, hidden.ref);
    });
    for (const array of [...weights, now, here, hidden, turned.cos, turned.sin]) array.dispose();
    return {cache: after, likeliest: np.argmax(logits.reshape([vocabSize]))};
  });

  const empty = () => Array.from({length: numLayers}, () => np.zeros([1, numHeads, tokens, size]));
  let text: number[] = [];
  return {
    async run() {
      text = [];
      let cache: Cache = {keys: empty(), values: empty()};
      for (let i = 0; i < tokens; i++) {
        const [token, position] = [text.at(-1) ?? firstToken, i].map((number) => np.array(number, {dtype: np.int32}));
        const tables = {cos: turns.cos.ref, sin: turns.sin.ref};
        const step = next(
          weights.map((weight) => weight.ref),
          tables,
          places.ref,
          {token, position},
          cache,
        );
        cache = step.cache;
        text.push((await step.likeliest.data())[0]);
      }
      for (const array of [...cache.keys, ...cache.values]) array.dispose();
    },
    result: async () => text,
    dispose() {
      for (const array of [...weights, turns.cos, turns.sin, places]) array.dispose();
    },
  };
}
