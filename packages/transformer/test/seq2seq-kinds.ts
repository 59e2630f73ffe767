import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  inference,
  loadCheckpoint,
  MultiHeadAttention,
  type MultiHeadAttentionConfig,
} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  gradientsOf,
  type Kinds,
  probedLayer,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained} from '../src';
import {torchAttention} from '../src/seq2seq/checkpoint';
import type {EncoderDecoder} from '../src/seq2seq/model';

type Tensors = {[name: string]: tf.Tensor};

/** nn.MultiheadAttention by its constructor's fields; the widths of keys and values where they are not that of queries. */
interface TorchConfig extends MultiHeadAttentionConfig {
  hiddenSize: number;
  keySize: number;
  valueSize: number;
}

const torchMultiheadAttention: CheckpointLayout<TorchConfig> = {
  name: 'torch-multihead-attention',
  recognizes: ({tensors}) => tensors.has('out_proj.weight'),
  readConfig({config}) {
    const {embed_dim: hiddenSize, num_heads: numHeads, kdim, vdim, bias} = config as Record<string, never>;
    return {hiddenSize, numHeads, useBias: bias, keySize: kdim ?? hiddenSize, valueSize: vdim ?? hiddenSize};
  },
  writeConfig: () => ({}),
  tensors: ({hiddenSize, keySize, valueSize, useBias}) =>
    torchAttention('', 'attention/', {
      hiddenSize,
      useBias,
      stacked: keySize === hiddenSize && valueSize === hiddenSize,
    }),
};

function createAttention(config: TorchConfig) {
  const {hiddenSize, keySize, valueSize, numHeads, useBias} = config;
  const layer = new MultiHeadAttention({name: 'attention', numHeads, useBias});
  layer.apply([hiddenSize, keySize, valueSize].map((size) => tf.input({shape: [null, size]})));
  const {weights, trainableWeights} = layer;
  return {config, layer, layout: torchMultiheadAttention, weights, trainableWeights};
}

/** torch's masks as ours: of keys 1 = ignore, and of scores what is added, [queries, keys] or for each batch and head. */
function maskOptions(golden: GoldenCase, batch: number) {
  const ignored = golden.has('input.key_padding_mask') ? golden.input('key_padding_mask') : undefined;
  const added = golden.has('input.attn_mask') ? golden.input('attn_mask') : undefined;
  const bias = added?.rank === 3 ? added.reshape([batch, -1, ...added.shape.slice(1)]) : added;
  return {...inference, attentionMask: ignored && tf.scalar(1).sub(ignored), bias};
}

/** The layer with torch's weights: its output, attention weights and gradients of inputs and weights. */
async function multiHeadAttention(golden: GoldenCase): Promise<Actual> {
  const model = await loadCheckpoint(golden.directory, [torchMultiheadAttention], createAttention);
  const names = golden.names(/^input\.(x|query|key|value)$/);
  const inputs = Object.fromEntries(names.map((name) => [name, golden.tensor(name)]));
  const {layer} = model;
  const options = maskOptions(golden, Object.values(inputs)[0].shape[0]);
  const run = (given: Tensors): Tensors => {
    const x = given['input.x'] ?? given['input.query'];
    const memory = layer.keysAndValues(given['input.key'] ?? x, given['input.value']);
    const weights = layer.attentionWeights(x, memory.keys, options);
    return {
      'output.out': layer.attend(x, memory, options),
      'output.weights': weights,
      'output.weights_mean': weights.mean(1),
    };
  };
  return probedLayer(golden, model, {inputs, run, probes: {'output.out': 'probe'}});
}

type BlockState = {self: {keys: tf.Tensor; values: tf.Tensor}; cross: {keys: tf.Tensor; values: tf.Tensor}};

/** The target fed in the stored pieces: its logits, and the caches at the end. */
function pieces(golden: GoldenCase, model: EncoderDecoder): Tensors {
  if (!golden.has('input.pieces')) return {};
  const target = golden.input('tgt');
  // A cache has room for more than it holds.
  const inUse = (buffer: tf.Tensor) => buffer.slice([0, 0, 0, 0], [-1, -1, target.shape[1] as number, -1]);
  const caches: Tensors = {};
  const logits = feed(model, target, {
    sizes: golden.integers('pieces'),
    state: model.begin(golden.input('src')),
    look({tree}, fed) {
      if (fed < (target.shape[1] as number)) return;
      for (let i = 0; i < model.config.numDecoderLayers; i++) {
        const {self, cross} = (tree as {layers: {[layer: string]: BlockState}}).layers[`decoder_${i}`];
        Object.assign(caches, {
          [`state.self_k${i}`]: inUse(self.keys),
          [`state.self_v${i}`]: inUse(self.values),
          [`state.cross_k${i}`]: cross.keys.clone(),
          [`state.cross_v${i}`]: cross.values.clone(),
        });
      }
    },
  });
  return {'output.logits_pieces': logits, ...caches};
}

/** The target of each source, generated greedily to the stored length. */
async function greedy(golden: GoldenCase, model: EncoderDecoder): Promise<Tensors> {
  if (!golden.has('output.greedy')) return {};
  const stored = golden.tensor('output.greedy') as tf.Tensor2D;
  const sources = golden.input('src').arraySync() as number[][];
  const rows = stored.slice([0, 0], [-1, 1]).arraySync();
  for (const [b, source] of sources.entries()) {
    const options = {begin: rows[b][0], maxTokens: stored.shape[1] - 1, temperature: 0};
    for await (const token of model.generate(source, options)) rows[b].push(token);
  }
  return {'output.greedy': tf.tensor2d(rows, undefined, 'int32')};
}

/** An encoder-decoder loaded from the case: everything that such cases store. */
async function sequenceToSequence(golden: GoldenCase): Promise<Actual> {
  const load = (directory: string) => fromPretrained<EncoderDecoder>(directory);
  const model = await load(golden.directory);
  await roundTrip(golden, model, load);
  const [source, target, labels] = ['src', 'tgt', 'labels'].map((name) => golden.input(name));
  const {loss, gradients} = gradientsOf(model, () => model.loss({source, target}, labels));
  return {
    'output.memory': model.encode(source),
    'output.logits': model.logits({source, target}),
    loss: loss.as1D(),
    'output.nll': model.loss({source, target}, labels, {labelSmoothing: 0}).as1D(),
    ...authorsGradients(model, gradients),
    ...pieces(golden, model),
    ...(await greedy(golden, model)),
  };
}

/** How the cases of the encoder-decoder and of its attention are run. */
export const seq2seqKinds: Kinds = {
  'multi-head-attention': multiHeadAttention,
  seq2seq: sequenceToSequence,
};
