import * as tf from '@tensorflow/tfjs';
import type {EncodeOptions, LanguageModel, StreamState} from '@variants/core';
import {inference} from '@variants/core';
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
import {fromPretrained, type RoFormer, type RoFormerClassifier, type RoFormerMasked} from '../src';

type Tensors = {[name: string]: tf.Tensor};
type Cache = {keys: tf.Tensor; values: tf.Tensor};

/** x with zeros where the positions of its axis are padding; by default [batch, time, ...]. */
function withoutPadding(x: tf.Tensor, mask: tf.Tensor, axis = 1): tf.Tensor {
  const shape = x.shape.map((length, i) => (i === 0 || i === axis ? length : 1)) as number[];
  return x.mul(mask.toFloat().reshape(shape));
}

/** Hidden states by number: what the blocks take, and what each gives. */
function hiddenStates(outputs: Map<string, tf.Tensor>): tf.Tensor[] {
  const blocks = [...outputs].filter(([name]) => name.startsWith('block_')).map(([, y]) => y);
  return [outputs.get('projection') ?? (outputs.get('embeddings') as tf.Tensor), ...blocks];
}

const numbered = (prefix: string, tensors: readonly tf.Tensor[]): Tensors =>
  Object.fromEntries(tensors.map((tensor, i) => [`${prefix}${i}`, tensor]));

async function maskedLM(golden: GoldenCase): Promise<Actual> {
  const [tokens, labels, attentionMask, tokenTypes] = ['tokens', 'labels', 'attention_mask', 'token_type_ids'].map(
    (name) => golden.input(name),
  );
  const model = await fromPretrained<RoFormerMasked>(golden.directory);
  await roundTrip(golden, model, fromPretrained<RoFormerMasked>);
  const options: EncodeOptions = {attentionMask, tokenTypes};
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, labels, options));
  const seen = (x: tf.Tensor, axis?: number) => withoutPadding(x, attentionMask, axis);
  const outputs = layerOutputs(model, tokens, {...inference, attentionMask, carried: {tokenTypes}});
  const first = tokens.slice(0, 1);
  return {
    'output.logits': seen(model.logits(tokens, options)),
    // Whatever its tokens are, none is padding.
    'output.logits.plain': model.logits(first, {attentionMask: tf.onesLike(first)}),
    ...numbered(
      'output.hidden',
      hiddenStates(outputs).map((x) => seen(x)),
    ),
    ...numbered(
      'output.attentions.',
      model.attentions(tokens, options).map((x) => seen(x, 2)),
    ),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
  };
}

/** Tokens with their mask, fed in pieces. */
function feedMasked(model: LanguageModel, tokens: tf.Tensor, mask: tf.Tensor, sizes: number[]): tf.Tensor {
  const masks = tf.split(mask, sizes, 1);
  let state: StreamState | null = null;
  const logits = tf.split(tokens, sizes, 1).map((piece, i) => {
    const step = model.stream(piece, state, {attentionMask: masks[i]});
    state = step.state;
    return step.logits;
  });
  (state as StreamState | null)?.dispose();
  return tf.concat(logits, 1);
}

async function causalLM(golden: GoldenCase): Promise<Actual> {
  const [tokens, masked, mask] = ['tokens', 'tokens.masked', 'attention_mask'].map((name) => golden.input(name));
  const [sizes, time] = [golden.integers('pieces'), tokens.shape[1] as number];
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, (directory) => fromPretrained(directory));
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens));
  const caches: Tensors = {};
  const cached = feed(model, tokens, {
    sizes,
    look({tree}, fed) {
      if (fed < time) return;
      // A cache has room for more than it holds.
      const inUse = (buffer: tf.Tensor) => buffer.slice([0, 0, 0, 0], [-1, -1, time, -1]);
      for (let i = 0; i < model.config.numLayers; i++) {
        const {keys, values} = (tree as {[block: string]: Cache})[`block_${i}`];
        Object.assign(caches, {[`state.key.${i}`]: inUse(keys), [`state.value.${i}`]: inUse(values)});
      }
    },
  });
  return {
    'output.logits': model.logits(tokens),
    ...numbered('output.hidden', hiddenStates(layerOutputs(model, tokens))),
    ...caches,
    'output.logits.cached': cached,
    'output.logits.masked': withoutPadding(model.logits(masked, {attentionMask: mask}), mask),
    'output.logits.masked_cached': withoutPadding(feedMasked(model, masked, mask, sizes), mask),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
  };
}

async function classifier(golden: GoldenCase): Promise<Actual> {
  const [tokens, labels, attentionMask, tokenTypes] = ['tokens', 'labels', 'attention_mask', 'token_type_ids'].map(
    (name) => golden.input(name),
  );
  const model = await fromPretrained<RoFormerClassifier>(golden.directory);
  await roundTrip(golden, model, fromPretrained<RoFormerClassifier>);
  const options = {attentionMask, tokenTypes};
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, labels, options));
  return {'output.logits': model.logits(tokens, options), loss: loss.as1D(), ...authorsGradients(model, gradients)};
}

async function prefixLM(golden: GoldenCase): Promise<Actual> {
  const model: RoFormer = await fromPretrained(golden.directory);
  await roundTrip(golden, model, (directory) => fromPretrained(directory));
  const [tokens, attentionMask] = [golden.input('tokens'), golden.input('attention_mask')];
  const [length] = golden.integers('prompt_length');
  const [prompts, rest] = tf.split(tokens, [length, (tokens.shape[1] as number) - length], 1);
  const both = model.readPrompt(prompts, {attentionMask});
  both.state.dispose();
  const {state} = model.readPrompt(prompts.slice(0, 1), {attentionMask: attentionMask.slice(0, 1)});
  return {
    'output.logits': withoutPadding(both.logits, attentionMask),
    'output.pooler': model.sentenceEmbeddings(prompts, {attentionMask}),
    'output.logits.steps': feed(model, rest.slice(0, 1), {state}),
  };
}

export const modelKinds: Kinds = {
  'masked-lm': maskedLM,
  'causal-lm': causalLM,
  classifier,
  'prefix-lm': prefixLM,
};
