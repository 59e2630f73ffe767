import {defineLayout} from '@variants/core';
import {type RwkvConfig, resolveRwkvConfig} from '../config';
import {modelTensors} from './tensors';

/** Hugging Face's words for the authors'. */
const words: [RegExp, string][] = [
  [/^emb\./, 'embeddings.'],
  [/\.ln0\./, '.pre_ln.'],
  [/\.att\./, '.attention.'],
  [/\.ffn\./, '.feed_forward.'],
  [/time_mix_k$/, 'time_mix_key'],
  [/time_mix_v$/, 'time_mix_value'],
  [/time_mix_r$/, 'time_mix_receptance'],
];

const nameOf = (authors: string) =>
  authors === 'head.weight'
    ? authors
    : `rwkv.${words.reduce((name, [pattern, word]) => name.replace(pattern, word), authors)}`;

/** Files of Hugging Face's RwkvForCausalLM, which is version 4. */
export const huggingFace = defineLayout<RwkvConfig>({
  name: 'huggingface',
  recognizes: ({tensors}) => tensors.has('rwkv.blocks.0.attention.time_first'),
  fields: {
    version: {from: () => 4},
    vocabSize: {theirs: 'vocab_size', required: true},
    hiddenSize: {theirs: 'hidden_size', required: true},
    numLayers: {theirs: 'num_hidden_layers', required: true},
    attentionSize: 'attention_hidden_size',
    intermediateSize: 'intermediate_size',
    normEpsilon: 'layer_norm_epsilon',
    rescaleEvery: {theirs: 'rescale_every', usual: 6},
  },
  only: {tie_word_embeddings: false},
  constants: {model_type: 'rwkv', architectures: ['RwkvForCausalLM'], tie_word_embeddings: false},
  resolve: resolveRwkvConfig,
  tensors: (config) => modelTensors(config).map((mapping) => ({...mapping, theirs: nameOf(mapping.theirs)})),
});
