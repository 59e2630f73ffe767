import {type AuthorsConfig, type Checkpoint, gpt2Fields, gpt2Sizes, gpt2Tensors, mappings} from '@variants/core';
import type {LayoutName} from '../config';
import {decoderLayout, fieldsOf} from './define-layout';

const {head} = mappings;

const hasNames = (checkpoint: Checkpoint, prefix: string) => checkpoint.tensors.has(`${prefix}h.0.attn.c_attn.weight`);

/** The names are those of nanoGPT too, the fields of the configuration are not. */
const isNanogpt = (checkpoint: Checkpoint) => fieldsOf(checkpoint)?.block_size !== undefined;

const family = {from: () => 'gpt2'};

function huggingFaceGpt2(name: LayoutName, prefix: string) {
  return decoderLayout({
    name,
    recognizes: (checkpoint) => hasNames(checkpoint, prefix) && !isNanogpt(checkpoint),
    fields: {...gpt2Fields, family},
    only: {model_type: 'gpt2'},
    constants: {architectures: ['GPT2LMHeadModel'], model_type: 'gpt2'},
    // The four matrices are "Conv1D"s, stored as [in, out] like ours.
    tensors: (config) => [...gpt2Tensors(config, {prefix, transpose: false}), ...head('lm_head', config)],
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
    ...gpt2Sizes,
    family,
    maxSequenceLength: {theirs: 'block_size', required: true},
    activation: {from: () => 'gelu'},
    attentionBias: {from: readBias},
    feedForwardBias: {from: readBias},
    normBias: {theirs: 'bias', usual: true},
    dropout: 'dropout',
  },
  tensors: (config) => [
    ...gpt2Tensors(config, {prefix: 'transformer.', transpose: true}),
    ...head('lm_head', {...config, repeated: true}),
  ],
  ignored: [/\.attn\.bias$/],
});
