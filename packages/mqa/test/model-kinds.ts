import * as tf from '@tensorflow/tfjs';
import {anglesAt, ignoredTarget, scaledAngles, toAuthorsNames} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  gradientsOf,
  type Kinds,
  layerOutputs,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, type MultiQuery, meanPoolKeyValueHeads} from '../src';

type Tensors = {[name: string]: tf.Tensor};
type Cache = {keys: tf.Tensor; values: tf.Tensor};

/** The model of a case, which is saved and loaded again without loss. */
async function load(golden: GoldenCase): Promise<MultiQuery> {
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  return model;
}

/** output.hidden<i>: what block i is given; the last one is what the head is given. */
function hiddenStates(model: MultiQuery, tokens: tf.Tensor): Tensors {
  const outputs = layerOutputs(model, tokens);
  const {numLayers} = model.config;
  const before = (i: number) => (i === 0 ? (outputs.has('positions') ? 'positions' : 'embedding') : `block_${i - 1}`);
  const names = Array.from({length: numLayers + 1}, (_, i) => (i === numLayers ? 'final_norm' : before(i)));
  return Object.fromEntries(names.map((name, i) => [`output.hidden${i}`, outputs.get(name) as tf.Tensor]));
}

/** The cache of every layer after all tokens, as the authors keep it. */
function caches(model: MultiQuery, tokens: tf.Tensor, asTheirs: (cache: Cache, layer: number) => Tensors): Tensors {
  const {logits, state} = model.stream(tokens);
  const theirs = Array.from({length: model.config.numLayers}, (_, i) => {
    const {keys, values} = (state.tree as {[block: string]: Cache})[`block_${i}`];
    // It has room for more than it holds.
    const held = (rows: tf.Tensor) => rows.slice([0, 0, 0, 0], [-1, -1, logits.shape[1], -1]);
    return asTheirs({keys: held(keys), values: held(values)}, i);
  });
  state.dispose();
  return Object.assign({}, ...theirs);
}

/** Tokens fed in the stored pieces, each with its part of the mask. */
function inPieces(golden: GoldenCase, model: MultiQuery, tokens: tf.Tensor, mask?: tf.Tensor): tf.Tensor {
  const sizes = golden.integers('pieces');
  const masks = mask && tf.split(mask, sizes, 1).values();
  const stream: MultiQuery['stream'] = (piece, state) =>
    model.stream(piece, state, {attentionMask: masks?.next().value});
  return feed({stream}, tokens, {sizes});
}

/** Everything that cases of language models store. */
async function languageModel(
  golden: GoldenCase,
  asTheirs: (model: MultiQuery) => (cache: Cache, layer: number) => Tensors,
): Promise<Actual> {
  const model = await load(golden);
  const tokens = golden.input('tokens');
  const attentionMask = golden.has('input.attention_mask') ? golden.input('attention_mask').toFloat() : undefined;
  const onTokens = (logits: tf.Tensor) => logits.mul((attentionMask as tf.Tensor).expandDims(-1));
  // All tokens are in the pass, the last too, since frequencies may follow its length.
  const [batch, time] = tokens.shape as number[];
  const next = tf.concat([tokens.slice([0, 1], [-1, time - 1]), tf.fill([batch, 1], ignoredTarget, 'int32')], 1);
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, next));
  const {headSize, rotaryBase, ropeScaling} = model.config;
  return {
    'output.logits': model.logits(tokens),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
    ...hiddenStates(model, tokens),
    ...caches(model, tokens, asTheirs(model)),
    'output.logits.masked': () => onTokens(model.logits(tokens, {attentionMask})),
    'output.logits.cached': () => inPieces(golden, model, tokens),
    'output.logits.masked_cached': () => onTokens(inPieces(golden, model, tokens, attentionMask)),
    'output.logits.short': () => {
      const {shape} = golden.tensor('output.logits.short');
      return model.logits(tokens.slice([0, 0], [-1, shape[1] as number]));
    },
    'output.inv_freq': () =>
      tf.tensor1d([
        ...anglesAt(scaledAngles(headSize, rotaryBase, ropeScaling), tokens.shape[1] as number).frequencies,
      ]),
  };
}

/** GPTBigCode keeps keys and values side by side, and has no axis of heads where there is one. */
const asBigCode =
  ({config}: MultiQuery) =>
  ({keys, values}: Cache, i: number): Tensors => {
    const both = tf.concat([keys, values], -1);
    return {[`state.key_value.${i}`]: config.numKeyValueHeads === 1 ? both.squeeze([1]) : both};
  };

const asLlama =
  () =>
  ({keys, values}: Cache, i: number): Tensors => ({[`state.key.${i}`]: keys, [`state.value.${i}`]: values});

/** The tensors of a model by its authors' names. */
function tensorsOf(model: MultiQuery, prefix: string): Tensors {
  const weights = new Map(model.weights.map((weight) => [weight.originalName, weight.read()]));
  const named = [...toAuthorsNames(model.layout, model.config, weights)];
  return Object.fromEntries(named.map(([name, tensor]) => [`${prefix}${name}`, tensor]));
}

async function meanPoolLlama(golden: GoldenCase): Promise<Actual> {
  const model = await load(golden);
  const tokens = golden.input('tokens');
  const converted = golden.integers('groups').map((groups): Tensors => {
    const grouped = meanPoolKeyValueHeads(model, {numKeyValueHeads: groups});
    return {
      ...tensorsOf(grouped, `output.converted.g${groups}.`),
      [`output.logits.g${groups}`]: grouped.logits(tokens),
    };
  });
  return {'output.logits.mha': model.logits(tokens), ...Object.assign({}, ...converted)};
}

async function meanPoolBigCode(golden: GoldenCase): Promise<Actual> {
  const model = await load(golden);
  const tokens = golden.input('tokens');
  const pooled = meanPoolKeyValueHeads(model, {numKeyValueHeads: 1});
  return {
    'output.logits.mha': model.logits(tokens),
    'output.logits.mqa': pooled.logits(tokens),
    ...tensorsOf(pooled, 'output.converted.'),
  };
}

/** Cases of models. */
export const modelKinds: Kinds = {
  'gpt-bigcode-lm': (golden) => languageModel(golden, asBigCode),
  'llama-lm': (golden) => languageModel(golden, asLlama),
  'mean-pool-llama': meanPoolLlama,
  'mean-pool-bigcode': meanPoolBigCode,
};
