import {type FieldTable, namedValues} from './field-table';
import type {TensorMapping} from './layout';
import {mappings} from './mappings';
import type {TransformerFileFields} from './transformer-files';

const {blocks, embedding, linear, linears, norm} = mappings;

/** The fields that Hugging Face's GPT-2, its kin (GPTBigCode) and nanoGPT have alike. */
export const gpt2Sizes: FieldTable<TransformerFileFields> = {
  vocabSize: {theirs: 'vocab_size', required: true},
  hiddenSize: {theirs: 'n_embd', required: true},
  numLayers: {theirs: 'n_layer', required: true},
  numHeads: {theirs: 'n_head', required: true},
};

/** The fields of Hugging Face's GPT-2, most of which GPTBigCode's files have too. */
export const gpt2Fields: FieldTable<TransformerFileFields> = {
  ...gpt2Sizes,
  intermediateSize: 'n_inner',
  maxSequenceLength: {theirs: 'n_positions', also: ['n_ctx'], required: true},
  activation: namedValues(
    'activation_function',
    {gelu_new: 'geluTanh', gelu_pytorch_tanh: 'geluTanh', gelu: 'gelu', relu: 'relu', silu: 'silu', tanh: 'tanh'},
    'gelu_new',
  ),
  normEpsilon: 'layer_norm_epsilon',
  scaleAttention: 'scale_attn_weights',
  scaleAttentionByLayer: 'scale_attn_by_inverse_layer_idx',
  tieEmbedding: 'tie_word_embeddings',
  dropout: {theirs: 'resid_pdrop', also: ['embd_pdrop', 'attn_pdrop']},
};

/** How a kind of GPT-2's files has the tensors. */
export interface Gpt2TensorOptions {
  /** Before every name, `transformer.` with Hugging Face. */
  prefix: string;
  /** Whether matrices are stored as [out, in]: PyTorch's Linear, and not GPT-2's own Conv1D. */
  transpose: boolean;
}

/** The tensors of GPT-2 but for the head, under the names that GPTBigCode and nanoGPT have too. */
export function gpt2Tensors(
  config: Pick<TransformerFileFields, 'numLayers' | 'attentionBias' | 'feedForwardBias' | 'normBias'>,
  {prefix, transpose}: Gpt2TensorOptions,
): TensorMapping[] {
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
