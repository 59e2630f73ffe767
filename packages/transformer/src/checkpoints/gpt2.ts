import {type AuthorsConfig, type Checkpoint, mappings, namedValues, type TensorMapping} from '@variants/core';
import type {LayoutName, TransformerConfig} from '../config';
import {decoderLayout, fieldsOf} from './define-layout';

const {blocks, embedding, head, linear, linears, norm} = mappings;

/** @param prefix Before every name but the head's. @param transpose Whether matrices are stored as [out, in]. */
function tensors(config: TransformerConfig, prefix: string, transpose: boolean): TensorMapping[] {
  const attention = {useBias: config.attentionBias, transpose};
  const feedForward = {useBias: config.feedForwardBias, transpose};
  const norms = {useBias: config.normBias};
  return [
    ...embedding(`${prefix}wte`),
    ...embedding(`${prefix}wpe`, 'positions'),
    ...blocks(config.numLayers, `${prefix}h`, (theirs, ours) => [
      ...norm(`${theirs}.ln_1`, `${ours}/mixer_norm`, norms),
      ...linear(`${theirs}.attn.c_attn`, `${ours}/mixer/projections`, attention),
      ...linear(`${theirs}.attn.c_proj`, `${ours}/mixer/output`, attention),
      ...norm(`${theirs}.ln_2`, `${ours}/feed_forward_norm`, norms),
      ...linears(`${theirs}.mlp`, `${ours}/feed_forward`, {up: 'c_fc', down: 'c_proj'}, feedForward),
    ]),
    ...norm(`${prefix}ln_f`, 'final_norm', norms),
  ];
}

const hasNames = (checkpoint: Checkpoint, prefix: string) => checkpoint.tensors.has(`${prefix}h.0.attn.c_attn.weight`);

/** The names are those of nanoGPT too, the fields of the configuration are not. */
const isNanogpt = (checkpoint: Checkpoint) => fieldsOf(checkpoint)?.block_size !== undefined;

/** The fields that Hugging Face's code and nanoGPT have alike. */
const sizes = {
  family: {from: () => 'gpt2'},
  vocabSize: {theirs: 'vocab_size', required: true},
  hiddenSize: {theirs: 'n_embd', required: true},
  numLayers: {theirs: 'n_layer', required: true},
  numHeads: {theirs: 'n_head', required: true},
} as const;

function huggingFaceGpt2(name: LayoutName, prefix: string) {
  return decoderLayout({
    name,
    recognizes: (checkpoint) => hasNames(checkpoint, prefix) && !isNanogpt(checkpoint),
    fields: {
      ...sizes,
      intermediateSize: 'n_inner',
      maxSequenceLength: {theirs: 'n_positions', also: ['n_ctx'], required: true},
      activation: namedValues(
        'activation_function',
        {gelu_new: 'geluTanh', gelu: 'gelu', relu: 'relu', silu: 'silu', tanh: 'tanh'},
        'gelu_new',
      ),
      normEpsilon: 'layer_norm_epsilon',
      scaleAttention: 'scale_attn_weights',
      scaleAttentionByLayer: 'scale_attn_by_inverse_layer_idx',
      tieEmbedding: 'tie_word_embeddings',
      dropout: {theirs: 'resid_pdrop', also: ['embd_pdrop', 'attn_pdrop']},
    },
    only: {model_type: 'gpt2'},
    constants: {architectures: ['GPT2LMHeadModel'], model_type: 'gpt2'},
    // The four matrices are "Conv1D"s, stored as [in, out] like ours.
    tensors: (config) => [...tensors(config, prefix, false), ...head('lm_head', config)],
    // Masks of old exports, and a second copy of a tied embedding, which that wins over.
    ignored: [/\.attn\.bias$/, /\.attn\.masked_bias$/, /^lm_head\.weight$/],
  });
}

/** Hugging Face's GPT2LMHeadModel, names with `transformer.` before them. */
export const gpt2 = huggingFaceGpt2('gpt2', 'transformer.');

/** OpenAI's files at Hugging Face: the same without the prefix. */
export const gpt2bare = huggingFaceGpt2('gpt2bare', '');

/** One flag for all biases. */
const readBias = ({bias}: AuthorsConfig) => bias ?? true;

/** karpathy/nanoGPT: GPT-2's names, PyTorch's matrices, the exact GELU. */
export const nanogpt = decoderLayout({
  name: 'nanogpt',
  recognizes: (checkpoint) => hasNames(checkpoint, 'transformer.') && isNanogpt(checkpoint),
  fields: {
    ...sizes,
    maxSequenceLength: {theirs: 'block_size', required: true},
    activation: {from: () => 'gelu'},
    attentionBias: {from: readBias},
    feedForwardBias: {from: readBias},
    normBias: {theirs: 'bias', usual: true},
    dropout: 'dropout',
  },
  tensors: (config) => [...tensors(config, 'transformer.', true), ...head('lm_head', {...config, repeated: true})],
  ignored: [/\.attn\.bias$/],
});
