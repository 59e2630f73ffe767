import * as tf from '@tensorflow/tfjs';
import {ringInOrder, rotaryEmbedding, rotaryTables, type StreamState, scaledAngles} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  gradientsOf,
  type Kinds,
  requireAlike,
  roundTrip,
} from '@variants-tooling/golden';
import {type AttentionSinks, fromPretrained, makeRoom, recomputedLogits, streamLoss, withAttentionSinks} from '../src';

type Tensors = {[name: string]: tf.Tensor};
type Cache = {keys: tf.Tensor; values: tf.Tensor; length: tf.Scalar};

/** Keys, turned by their positions, as they were before that. */
function unturned(model: AttentionSinks, keys: tf.Tensor, positions: number[]): tf.Tensor {
  const {family, headSize, rotaryBase, ropeScaling, rotaryPairing} = model.config;
  if (family === 'mpt') return keys;
  const back = positions.map((position) => -position);
  return rotaryEmbedding(keys, rotaryTables(back, scaledAngles(headSize, rotaryBase, ropeScaling)), rotaryPairing);
}

/**
 * What the reference's cache holds of each layer, keys before they are turned: the sinks, and the last of the others.
 * @param fed Tokens that the stream's positions count.
 */
function cacheOf(model: AttentionSinks, {tree}: StreamState, fed: number, prefix: string): Tensors {
  const {numLayers, numSinks, windowSize, cache} = model.config;
  const isRolling = cache === 'rolling';
  const sinks = Math.min(numSinks, fed);
  const others = isRolling ? Math.min(windowSize, fed - sinks) : fed - sinks;
  const positions = [...Array(sinks).keys(), ...Array.from({length: others}, (_, i) => fed - others + i)];
  const state: Tensors = {};
  for (let i = 0; i < numLayers; i++) {
    const {keys, values, length} = (tree as {[block: string]: Cache})[`block_${i}`];
    const [k, v] = [keys, values].map((buffer) => {
      const rows = isRolling ? ringInOrder(buffer, length, numSinks) : buffer;
      // Of a ring, which holds one token more than the reference keeps after a step.
      const end = Math.min(fed, rows.shape[2] as number);
      const part = (from: number, count: number) => rows.slice([0, 0, from, 0], [-1, -1, count, -1]);
      return tf.concat([part(0, sinks), part(end - others, others)], 2);
    });
    Object.assign(state, {[`${prefix}k.${i}`]: unturned(model, k, positions), [`${prefix}v.${i}`]: v});
  }
  return state;
}

/** Token by token, which must also be what one pass gives, and pieces. */
async function streamed(
  model: AttentionSinks,
  tokens: tf.Tensor,
  look?: (state: StreamState) => void,
): Promise<tf.Tensor> {
  const time = tokens.shape[1] as number;
  const logits = feed(model, tokens, {look: (state, fed) => fed === time && look?.(state)});
  await requireAlike(model.logits(tokens as tf.Tensor2D), logits, 1e-5);
  const sizes = [1, Math.floor(time / 3), time - 1 - Math.floor(time / 3)];
  await requireAlike(feed(model, tokens, {sizes}), logits, 1e-5);
  return logits;
}

/** A model in the four ways of reading a stream, and the gradients of the dense one. */
async function fourModes(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('input_ids') as tf.Tensor2D;
  const window = golden.config.recompute_window as number;
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  const full = await fromPretrained(golden.directory, {config: {cache: 'growing'}});
  const {numSinks, windowSize} = model.config;
  const plain = withAttentionSinks(full, {numSinks: 0, windowSize: numSinks + windowSize});

  let state: Tensors = {};
  const streaming = await streamed(model, tokens, (last) => {
    state = cacheOf(model, last, tokens.shape[1], 'state.streaming.');
  });
  const recomputed = recomputedLogits(full, tokens, {window, batchSize: 7});
  const {loss, gradients} = gradientsOf(full, () => full.loss(tokens));
  const time = tokens.shape[1];
  return {
    'output.logits.full': full.logits(tokens),
    loss: loss.as1D(),
    ...authorsGradients(full, gradients),
    'output.logits.streaming': streaming,
    'output.nll.streaming': (await streamLoss(model, tokens, {pieceLength: time})).loss,
    ...state,
    'output.logits.window': await streamed(plain, tokens),
    'output.nll.window': (await streamLoss(plain, tokens, {pieceLength: 9})).loss,
    'output.logits.recompute': recomputed,
    'output.nll.recompute': full.criterion(
      recomputed.slice([0, 0, 0], [-1, time - 1, -1]),
      tokens.slice([0, 1], [-1, time - 1]),
    ),
  };
}

/** Rounds of a prompt and single tokens, room made before each prompt. */
async function chatRounds(golden: GoldenCase): Promise<Actual> {
  const model = await fromPretrained(golden.directory, {config: {cache: 'growing'}});
  await roundTrip(golden, model, fromPretrained);
  const tokens = golden.input('input_ids');
  const chunks = golden.input('chunks').arraySync() as number[][];
  const logits: tf.Tensor[] = [];
  const lengths: number[] = [];
  let state: StreamState | null = null;
  let fed = 0;
  for (const [prompt, steps, coming] of chunks) {
    state = makeRoom(model, state, coming);
    lengths.push(state?.length ?? 0);
    for (const size of [prompt, ...Array<number>(steps).fill(1)]) {
      if (size === 0) continue;
      const step = model.stream(tokens.slice([0, fed], [-1, size]) as tf.Tensor2D, state);
      logits.push(step.logits);
      state = step.state;
      fed += size;
    }
  }
  const last = state as StreamState;
  const cache = cacheOf(model, last, last.length, 'state.');
  last.dispose();
  return {
    'output.logits': tf.concat(logits, 1),
    'output.cache_length_after_eviction': tf.tensor1d(lengths, 'int32'),
    ...cache,
  };
}

export const streamKinds: Kinds = {
  'llama-stream': fourModes,
  'mpt-stream': fourModes,
  'llama-chat-rounds': chatRounds,
};
