import * as tf from '@tensorflow/tfjs';
import {attention} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  gradientsOf,
  type Kinds,
  layerOutputs,
  probedOperator,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, type Transformer} from '../src';

type Tensors = {[name: string]: tf.Tensor};
type Cache = {keys: tf.Tensor; values: tf.Tensor};

/** The attention operator of core: outputs, log-sum-exp and gradients, also through the log-sum-exp. */
function attentionOperator(golden: GoldenCase): Actual {
  const {scale, causal} = golden.config as {scale: number; causal: boolean};
  const names = ['q', 'k', 'v', 'bias'].filter((name) => golden.has(`input.${name}`));
  const mask = golden.has('input.mask') ? golden.input('mask') : undefined;
  return probedOperator(golden, {
    inputs: Object.fromEntries(names.map((name) => [`input.${name}`, golden.input(name)])),
    run: (inputs) => {
      const {output, logSumExp} = attention(inputs['input.q'], inputs['input.k'], inputs['input.v'], {
        scale,
        causal,
        mask,
        bias: inputs['input.bias'],
      });
      return {'output.out': output, 'output.lse': logSumExp};
    },
    probes: {'output.out': 'probe', 'output.lse': 'probe.lse'},
  });
}

/** The residual stream: 0 = embeddings, i = after block i, `norm` = the input of the head. */
function hiddenStates(model: Transformer, tokens: tf.Tensor): Tensors {
  const outputs = layerOutputs(model, tokens);
  const hidden = [outputs.get('positions') ?? (outputs.get('embedding') as tf.Tensor)];
  for (const [name, y] of outputs) if (name.startsWith('block_')) hidden.push(y);
  const named: Tensors = {'output.norm': outputs.get('final_norm') as tf.Tensor};
  hidden.forEach((h, i) => {
    named[`output.hidden${i}`] = h;
  });
  return named;
}

/** The tokens fed in the stored pieces: their logits, and the cache at the end. */
function pieces(golden: GoldenCase, model: Transformer, tokens: tf.Tensor): Tensors {
  if (!golden.has('input.pieces')) return {};
  // A cache has room for more than it holds.
  const inUse = (buffer: tf.Tensor) => buffer.slice([0, 0, 0, 0], [-1, -1, tokens.shape[1] as number, -1]);
  const caches: Tensors = {};
  const logits = feed(model, tokens, {
    sizes: golden.integers('pieces'),
    look({tree}, fed) {
      if (fed < (tokens.shape[1] as number)) return;
      for (let i = 0; i < model.config.numLayers; i++) {
        const {keys, values} = (tree as {[block: string]: Cache})[`block_${i}`];
        Object.assign(caches, {[`state.k${i}`]: inUse(keys), [`state.v${i}`]: inUse(values)});
      }
    },
  });
  return {'output.logits_pieces': logits, ...caches};
}

/** The prompt continued greedily to the stored length. */
async function greedy(golden: GoldenCase, model: Transformer): Promise<Tensors> {
  if (!golden.has('input.prompt')) return {};
  const prompt = golden.integers('prompt');
  const tokens = [...prompt];
  const length = golden.tensor('output.greedy').size;
  for await (const token of model.generate(prompt, {maxTokens: length - prompt.length, temperature: 0}))
    tokens.push(token);
  return {'output.greedy': tf.tensor2d([tokens], [1, length], 'int32')};
}

/** Rows padded on the left, in one pass and as a stream. */
async function leftPadded(golden: GoldenCase, model: Transformer): Promise<Tensors> {
  if (!golden.has('input.tokens_left')) return {};
  const tokens = golden.input('tokens_left');
  const attentionMask = golden.input('attention_mask').toFloat();
  const logits = model.logits(tokens, {attentionMask});
  const half = Math.floor((tokens.shape[1] as number) / 2);
  const streamed = streamInHalves(model, tokens, attentionMask, half);
  const [difference] = await logits.sub(streamed).mul(attentionMask.expandDims(-1)).abs().max().data();
  const [largest] = await logits.abs().max().data();
  if (difference > 1e-5 * largest) throw new Error(`padded rows as a stream differ by ${difference} of ${largest}`);
  return {'output.logits_left': logits.mul(attentionMask.expandDims(-1))};
}

/** Logits of padded rows, fed in two pieces with their parts of the mask. */
function streamInHalves(model: Transformer, tokens: tf.Tensor, attentionMask: tf.Tensor, half: number): tf.Tensor {
  const sizes = [half, (tokens.shape[1] as number) - half];
  const [pieces, masks] = [tf.split(tokens, sizes, 1), tf.split(attentionMask, sizes, 1)];
  const first = model.stream(pieces[0], null, {attentionMask: masks[0]});
  const second = model.stream(pieces[1], first.state, {attentionMask: masks[1]});
  second.state.dispose();
  return tf.concat([first.logits, second.logits], 1);
}

/** A decoder loaded from the case: everything that such cases store. */
async function decoder(golden: GoldenCase): Promise<Actual> {
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, (directory) => fromPretrained(directory));
  const tokens = golden.input('tokens');
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens));
  return {
    'output.logits': model.logits(tokens),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
    ...hiddenStates(model, tokens),
    ...pieces(golden, model, tokens),
    ...(await greedy(golden, model)),
    ...(await leftPadded(golden, model)),
  };
}

/** Every file of llama2.c in the case's folder gives the logits of its weights. */
async function llama2cFiles(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const logitsOf = async (file: string) => (await fromPretrained(`${golden.directory}/${file}`)).logits(tokens);
  const exact = [await logitsOf('model.bin'), await logitsOf('model_v1.bin'), await logitsOf('ckpt.pt')];
  const [largestDifference] = await tf.stack(exact).sub(exact[0]).abs().max().data();
  if (largestDifference > 0) throw new Error(`model.bin, model_v1.bin and ckpt.pt differ by ${largestDifference}`);
  return {'output.logits': exact[0], 'output.logits_q80': await logitsOf('model_v2.bin')};
}

export const decoderKinds: Kinds = {
  attention: attentionOperator,
  'nanogpt-lm': decoder,
  'gpt2-lm': decoder,
  'llama2c-lm': decoder,
  'llama-lm': decoder,
  'llama-meta-lm': decoder,
  'llama-sharded': decoder,
  'llama2c-files': llama2cFiles,
};
