import {defineLayout, mappings} from '@variants/core';
import {type PerformerConfig, resolvePerformerConfig} from './config';

const {blocks, embedding, head, linears, norm} = mappings;

// REPLACE: the layout's name and all names in quotes by those of the authors' code, defaults that are theirs alone.

/** Files of the authors' code. */
export const authorsLayout = defineLayout<PerformerConfig>({
  name: 'performer',
  recognizes: ({tensors}) => tensors.has('layers.0.mixer.v_proj.weight') && tensors.has('embed_tokens.weight'),
  fields: {
    vocabSize: {theirs: 'vocab_size', required: true},
    hiddenSize: 'hidden_size',
    valueSize: 'value_size',
    intermediateSize: 'intermediate_size',
    numLayers: 'num_hidden_layers',
    tieEmbedding: 'tie_word_embeddings',
    normEpsilon: 'norm_eps',
    dropout: 'dropout',
  },
  constants: {model_type: 'performer'},
  resolve: resolvePerformerConfig,
  tensors: ({numLayers, tieEmbedding}) => [
    ...embedding('embed_tokens'),
    ...blocks(numLayers, 'layers', (theirs, ours) => [
      ...norm(`${theirs}.mixer_norm`, `${ours}/mixer_norm`, {useBias: false}),
      ...linears(
        `${theirs}.mixer`,
        `${ours}/mixer`,
        {values: 'v_proj', gate: 'g_proj', output: 'o_proj'},
        {useBias: false},
      ),
      ...norm(`${theirs}.ffn_norm`, `${ours}/feed_forward_norm`, {useBias: false}),
      ...linears(
        `${theirs}.ffn`,
        `${ours}/feed_forward`,
        {up: 'up_proj', gate: 'gate_proj', down: 'down_proj'},
        {useBias: false},
      ),
    ]),
    ...norm('norm', 'final_norm', {useBias: false}),
    ...head('lm_head', {tieEmbedding}),
  ],
});
