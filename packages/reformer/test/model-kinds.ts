import * as tf from '@tensorflow/tfjs';
import type {StreamState} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  type GoldenCase,
  gradientsOf,
  type Kinds,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, type Reformer, type ReformerClassifier, type ReformerMasked} from '../src';
import type {ReformerBlock} from '../src/block';
import {numberedByRound} from './operator-kinds';

/** The rotations of a case by blocks: those named `input.<prefix>.<block>`. */
function rotationsOf(golden: GoldenCase, prefix = 'rotations'): {[block: number]: tf.Tensor} {
  const names = golden.names(new RegExp(`^input\\.${prefix}\\.\\d+$`));
  return Object.fromEntries(names.map((name) => [Number(name.split('.')[2]), golden.tensor(name)]));
}

async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens') as tf.Tensor2D;
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  model.fixRotations(rotationsOf(golden));
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens));
  return {
    'output.logits': model.logits(tokens),
    loss: loss.as1D(),
    'output.last_hidden_state': model.hidden(tokens),
    ...authorsGradients(model, gradients),
    ...traced(model, tokens),
    ...(await otherCalls(golden, model)),
    ...prompted(golden, model, tokens),
  };
}

function traced(model: Reformer, tokens: tf.Tensor2D): Actual {
  return Object.fromEntries(
    model
      .trace(tokens)
      .flatMap(({x2, buckets}, i) => [
        [`output.hidden.${i}`, x2],
        ...(buckets ? [[`output.buckets.${i}`, numberedByRound(buckets, model.config.numBuckets)]] : []),
      ]),
  );
}

/** Logits of other lengths, and with other numbers of rounds. */
async function otherCalls(golden: GoldenCase, model: Reformer): Promise<Actual> {
  const actual: Actual = {};
  for (const name of golden.names(/^output\.logits\.len/)) {
    const tokens = golden.input(name.replace('output.logits', 'tokens')) as tf.Tensor2D;
    actual[name] = model.logits(tokens);
  }
  for (const name of golden.names(/^output\.logits\.hashes/)) {
    const numHashes = Number(name.slice('output.logits.hashes'.length));
    const other = await fromPretrained(golden.directory, {config: {numHashes}});
    other.fixRotations(rotationsOf(golden, `rotations_h${numHashes}`));
    actual[name] = other.logits(golden.input('tokens') as tf.Tensor2D);
  }
  return actual;
}

/** Streams: a prompt at once, then token by token; with what came to each block's attention, and the buckets at the end. */
function prompted(golden: GoldenCase, model: Reformer, tokens: tf.Tensor2D): Actual {
  const actual: Actual = {};
  for (const name of golden.names(/^output\.cached\.p\d+\.prompt_logits$/)) {
    const length = Number(name.split('.')[2].slice(1));
    const {prompt, rest, state} = feedBehind(model, tokens, length);
    state.dispose();
    actual[name] = prompt;
    actual[`output.cached.p${length}.logits`] = rest;
    Object.assign(actual, statesBehind(model, tokens, length));
  }
  return actual;
}

function feedBehind(model: Reformer, tokens: tf.Tensor2D, length: number) {
  let {logits, state} = model.stream(tokens.slice([0, 0], [-1, length]));
  const prompt = logits;
  const rest: tf.Tensor[] = [];
  for (let t = length; t < tokens.shape[1]; t++) {
    ({logits, state} = model.stream(tokens.slice([0, t], [-1, 1]), state));
    rest.push(logits);
  }
  return {prompt, rest: tf.concat(rest, 1), state};
}

/** The same stream again, of which the engine records no step, so that each block can be looked at. */
function statesBehind(model: Reformer, tokens: tf.Tensor2D, length: number): Actual {
  const backend = tf.backend() as {record?: unknown};
  const seen = watchAttention(model);
  backend.record = undefined;
  const {state} = feedBehind(model, tokens, length);
  // The class's own again.
  delete backend.record;
  const actual: Actual = {};
  for (const [block, {inputs, restore}] of seen.entries()) {
    actual[`state.p${length}.${block}.hidden`] = tf.concat(inputs, 1);
    const buckets = bucketsIn(state, block, tokens.shape[1]);
    if (buckets) actual[`state.p${length}.${block}.buckets`] = numberedByRound(buckets, model.config.numBuckets);
    restore();
  }
  state.dispose();
  return actual;
}

/** The buckets that a state holds of a block, [batch, heads, rounds, time]. */
function bucketsIn(state: StreamState, block: number, time: number): tf.Tensor | undefined {
  const tree = state.tree as {blocks: {[block: string]: {buckets?: tf.Tensor}}};
  return tree.blocks[`block_${block}`].buckets?.slice([0, 0, 0, 0], [-1, -1, time, -1]).transpose([0, 1, 3, 2]);
}

/** Keeps what each block's attention is fed in a stream. */
function watchAttention(model: Reformer) {
  const stack = model.getLayer('blocks') as unknown as {blocks: ReformerBlock[]};
  return stack.blocks.map(({attention}) => {
    const inputs: tf.Tensor[] = [];
    const advance = attention.advance;
    attention.advance = (x, ...rest) => {
      inputs.push(tf.keep(x.clone()));
      return advance.call(attention, x, ...rest);
    };
    const restore = () => {
      tf.dispose(inputs);
      attention.advance = advance;
    };
    return {inputs, restore};
  });
}

async function maskedModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens') as tf.Tensor2D;
  const attentionMask = golden.has('input.attention_mask') ? golden.input('attention_mask') : undefined;
  const model = await fromPretrained<ReformerMasked>(golden.directory);
  await roundTrip(golden, model, (directory) => fromPretrained<ReformerMasked>(directory));
  model.fixRotations(rotationsOf(golden));
  const labels = golden.input('labels') as tf.Tensor2D;
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, labels, {attentionMask}));
  const shorter = golden.names(/^output\.logits\.len/).map((name) => {
    const [, length, isUnmasked] = name.match(/len(\d+)(_nomask)?$/) as RegExpMatchArray;
    const cut = (tensor: tf.Tensor) => tensor.slice([0, 0], [-1, Number(length)]) as tf.Tensor2D;
    const mask = attentionMask && !isUnmasked ? cut(attentionMask) : undefined;
    return [name, model.logits(cut(tokens), {attentionMask: mask})];
  });
  return {
    'output.logits': model.logits(tokens, {attentionMask}),
    loss: loss.as1D(),
    'output.last_hidden_state': model.encode(tokens, {attentionMask}),
    ...authorsGradients(model, gradients),
    ...Object.fromEntries(shorter),
  };
}

async function classifier(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens') as tf.Tensor2D;
  const labels = golden.input('labels');
  const model = await fromPretrained<ReformerClassifier>(golden.directory);
  await roundTrip(golden, model, (directory) => fromPretrained<ReformerClassifier>(directory));
  model.fixRotations(rotationsOf(golden));
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, labels));
  return {'output.logits': model.logits(tokens), loss: loss.as1D(), ...authorsGradients(model, gradients)};
}

/** The models' kinds. */
export const modelKinds: Kinds = {lm: languageModel, 'masked-lm': maskedModel, classifier};
