import type {Activation, Checkpoint, TensorMapping} from '@variants/core';
import type {LayoutName, TransformerConfig} from '../config';
import {assertModelType, defineLayout, fieldsOf, readActivation, writeActivation} from './define-layout';
import {blocks, linear, norm} from './mappings';

/** Hugging Face's names of the activations that GPT-2 may have. */
const activationNames: Record<string, Activation> = {
  gelu_new: 'geluTanh',
  gelu: 'gelu',
  relu: 'relu',
  silu: 'silu',
  tanh: 'tanh',
};

/** @param prefix Before every name but the head's. @param transpose Whether matrices are stored as [out, in]. */
function tensors(config: TransformerConfig, prefix: string, transpose: boolean): TensorMapping[] {
  const {attentionBias, feedForwardBias, normBias} = config;
  return [
    {theirs: `${prefix}wte.weight`, ours: 'embedding/table'},
    {theirs: `${prefix}wpe.weight`, ours: 'positions/table'},
    ...blocks(config, (ours, i) => [
      ...norm(`${prefix}h.${i}.ln_1`, `${ours}/mixer_norm`, normBias),
      ...linear(`${prefix}h.${i}.attn.c_attn`, `${ours}/mixer/projections`, attentionBias, transpose),
      ...linear(`${prefix}h.${i}.attn.c_proj`, `${ours}/mixer/output`, attentionBias, transpose),
      ...norm(`${prefix}h.${i}.ln_2`, `${ours}/feed_forward_norm`, normBias),
      ...linear(`${prefix}h.${i}.mlp.c_fc`, `${ours}/feed_forward/up`, feedForwardBias, transpose),
      ...linear(`${prefix}h.${i}.mlp.c_proj`, `${ours}/feed_forward/down`, feedForwardBias, transpose),
    ]),
    ...norm(`${prefix}ln_f`, 'final_norm', normBias),
    ...(config.tieEmbedding ? [] : linear('lm_head', 'head', false)),
  ];
}

const hasNames = (checkpoint: Checkpoint, prefix: string) => checkpoint.tensors.has(`${prefix}h.0.attn.c_attn.weight`);

/** The names are those of nanoGPT too, the fields of the configuration are not. */
const isNanogpt = (checkpoint: Checkpoint) => fieldsOf(checkpoint)?.block_size !== undefined;

function huggingFaceGpt2(name: LayoutName, prefix: string) {
  return defineLayout({
    name,
    recognizes: (checkpoint) => hasNames(checkpoint, prefix) && !isNanogpt(checkpoint),
    required: ['vocab_size', 'n_embd', 'n_layer', 'n_head', 'n_positions'],
    read(json, _, file) {
      assertModelType(json, 'gpt2', file);
      const fields = json as Record<string, never>;
      return {
        family: 'gpt2',
        activation: readActivation(activationNames, json.activation_function ?? 'gelu_new', file),
        vocabSize: fields.vocab_size,
        hiddenSize: fields.n_embd,
        numLayers: fields.n_layer,
        numHeads: fields.n_head,
        intermediateSize: fields.n_inner ?? undefined,
        maxSequenceLength: fields.n_positions,
        normEpsilon: fields.layer_norm_epsilon,
        scaleAttention: fields.scale_attn_weights,
        scaleAttentionByLayer: fields.scale_attn_by_inverse_layer_idx,
        tieEmbedding: fields.tie_word_embeddings,
        dropout: fields.resid_pdrop,
      };
    },
    write: (config) => ({
      architectures: ['GPT2LMHeadModel'],
      model_type: 'gpt2',
      vocab_size: config.vocabSize,
      n_embd: config.hiddenSize,
      n_layer: config.numLayers,
      n_head: config.numHeads,
      n_inner: config.intermediateSize,
      n_positions: config.maxSequenceLength,
      n_ctx: config.maxSequenceLength,
      activation_function: writeActivation(activationNames, config.activation),
      layer_norm_epsilon: config.normEpsilon,
      scale_attn_weights: config.scaleAttention,
      scale_attn_by_inverse_layer_idx: config.scaleAttentionByLayer,
      tie_word_embeddings: config.tieEmbedding,
      embd_pdrop: config.dropout,
      attn_pdrop: config.dropout,
      resid_pdrop: config.dropout,
    }),
    // The four matrices are "Conv1D"s, stored as [in, out] like ours.
    tensors: (config) => tensors(config, prefix, false),
    // Masks of old exports, and a second copy of a tied embedding, which that wins over.
    ignored: [/\.attn\.bias$/, /\.attn\.masked_bias$/, /^lm_head\.weight$/],
  });
}

/** Hugging Face's GPT2LMHeadModel, names with `transformer.` before them. */
export const gpt2 = huggingFaceGpt2('gpt2', 'transformer.');

/** OpenAI's files at Hugging Face: the same without the prefix. */
export const gpt2bare = huggingFaceGpt2('gpt2bare', '');

/** karpathy/nanoGPT: GPT-2's names, PyTorch's matrices, the exact GELU, one flag for all biases. */
export const nanogpt = defineLayout({
  name: 'nanogpt',
  recognizes: (checkpoint) => hasNames(checkpoint, 'transformer.') && isNanogpt(checkpoint),
  required: ['block_size', 'vocab_size', 'n_layer', 'n_head', 'n_embd'],
  read(json) {
    const fields = json as Record<string, never>;
    const bias = fields.bias ?? true;
    return {
      family: 'gpt2',
      activation: 'gelu',
      vocabSize: fields.vocab_size,
      hiddenSize: fields.n_embd,
      numLayers: fields.n_layer,
      numHeads: fields.n_head,
      maxSequenceLength: fields.block_size,
      attentionBias: bias,
      feedForwardBias: bias,
      normBias: bias,
      dropout: fields.dropout,
    };
  },
  write: (config) => ({
    block_size: config.maxSequenceLength,
    vocab_size: config.vocabSize,
    n_layer: config.numLayers,
    n_head: config.numHeads,
    n_embd: config.hiddenSize,
    dropout: config.dropout,
    bias: config.normBias,
  }),
  tensors: (config) => [
    ...tensors(config, 'transformer.', true),
    ...(config.tieEmbedding ? [{theirs: 'lm_head.weight', ours: 'embedding/table', alias: true}] : []),
  ],
  ignored: [/\.attn\.bias$/],
});
