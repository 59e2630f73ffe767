import {type Activation, CheckpointError, type CheckpointLayout, type TensorMapping} from '@variants/core';
import {type LayoutName, resolveConfig, type TransformerConfig} from '../config';
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

function huggingFaceGpt2(name: LayoutName, prefix: string): CheckpointLayout<TransformerConfig> {
  return {
    name,
    recognizes: ({tensors: stored, config}) =>
      stored.has(`${prefix}h.0.attn.c_attn.weight`) && config?.n_ctx !== undefined,
    readConfig({name: file, config}) {
      const json = config as Record<string, never>;
      const activation = activationNames[json.activation_function ?? 'gelu_new'];
      if (!activation)
        throw new CheckpointError(
          `${file}: activation_function ${json.activation_function} is unknown; known are ${Object.keys(activationNames).join(', ')}`,
        );
      return resolveConfig({
        family: 'gpt2',
        layout: name,
        activation,
        vocabSize: json.vocab_size,
        hiddenSize: json.n_embd,
        numLayers: json.n_layer,
        numHeads: json.n_head,
        intermediateSize: json.n_inner ?? undefined,
        maxSequenceLength: json.n_positions ?? json.n_ctx,
        normEpsilon: json.layer_norm_epsilon,
        scaleAttention: json.scale_attn_weights,
        scaleAttentionByLayer: json.scale_attn_by_inverse_layer_idx,
        tieEmbedding: json.tie_word_embeddings,
        dropout: json.resid_pdrop,
      });
    },
    writeConfig: (config) => ({
      architectures: ['GPT2LMHeadModel'],
      model_type: 'gpt2',
      vocab_size: config.vocabSize,
      n_embd: config.hiddenSize,
      n_layer: config.numLayers,
      n_head: config.numHeads,
      n_inner: config.intermediateSize,
      n_positions: config.maxSequenceLength,
      n_ctx: config.maxSequenceLength,
      activation_function: Object.keys(activationNames).find((key) => activationNames[key] === config.activation),
      layer_norm_epsilon: config.normEpsilon,
      scale_attn_weights: config.scaleAttention,
      scale_attn_by_inverse_layer_idx: config.scaleAttentionByLayer,
      tie_word_embeddings: config.tieEmbedding,
      resid_pdrop: config.dropout,
      embd_pdrop: config.dropout,
    }),
    // The four matrices are "Conv1D"s, stored as [in, out] like ours.
    tensors: (config) => tensors(config, prefix, false),
    // Masks of old exports, and a second copy of the embedding that is not to be believed.
    ignored: [/\.attn\.bias$/, /\.attn\.masked_bias$/, /^lm_head\.weight$/],
  };
}

/** Hugging Face's GPT2LMHeadModel, names with `transformer.` before them. */
export const gpt2 = huggingFaceGpt2('gpt2', 'transformer.');

/** OpenAI's files at Hugging Face: the same without the prefix. */
export const gpt2bare = huggingFaceGpt2('gpt2bare', '');

/** karpathy/nanoGPT: GPT-2's names, PyTorch's matrices, the exact GELU, one flag for all biases. */
export const nanogpt: CheckpointLayout<TransformerConfig> = {
  name: 'nanogpt',
  recognizes: ({tensors: stored, ...checkpoint}) =>
    stored.has('transformer.h.0.attn.c_attn.weight') && fieldsOf(checkpoint).block_size !== undefined,
  readConfig(checkpoint) {
    const json = fieldsOf(checkpoint) as Record<string, never>;
    const bias = json.bias ?? true;
    return resolveConfig({
      family: 'gpt2',
      layout: 'nanogpt',
      activation: 'gelu',
      vocabSize: json.vocab_size,
      hiddenSize: json.n_embd,
      numLayers: json.n_layer,
      numHeads: json.n_head,
      maxSequenceLength: json.block_size,
      attentionBias: bias,
      feedForwardBias: bias,
      normBias: bias,
      dropout: json.dropout,
    });
  },
  writeConfig: (config) => ({
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
    {theirs: 'lm_head.weight', ours: 'embedding/table', alias: true},
  ],
  ignored: [/\.attn\.bias$/],
};

/** The configuration of a folder, or of a ckpt.pt, which holds it beside the weights. */
function fieldsOf({config, extra}: {config: Record<string, unknown> | null; extra?: unknown}): Record<string, unknown> {
  const {model_args: modelArgs} = (extra ?? {}) as {model_args?: Record<string, unknown>};
  return config ?? modelArgs ?? {};
}
