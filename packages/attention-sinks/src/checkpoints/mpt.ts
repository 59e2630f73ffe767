import {type AuthorsConfig, type Checkpoint, mappings} from '@variants/core';
import type {AttentionSinksConfig} from '../config';
import {sinkLayout} from './define-layout';

const {blocks, embedding, head, linear, linears, norm} = mappings;

/** What else there may be makes another architecture. */
const only: AuthorsConfig = {
  model_type: 'mpt',
  no_bias: true,
  'attn_config.alibi': true,
  'attn_config.attn_type': 'multihead_attention',
  'attn_config.qk_ln': false,
  'attn_config.clip_qkv': null,
  'attn_config.softmax_scale': null,
  'attn_config.prefix_lm': false,
};

/** Hugging Face's library makes feed-forwards four times as wide as the model, whatever its `expansion_ratio` says. */
async function readWidth(checkpoint: Checkpoint): Promise<Partial<AttentionSinksConfig>> {
  const up = checkpoint.tensors.get('transformer.blocks.0.ffn.up_proj.weight');
  return up ? {intermediateSize: up.shape[0]} : {};
}

/** Hugging Face's MptForCausalLM with ALiBi. */
export const mpt = sinkLayout(
  'mpt',
  {
    name: 'mpt',
    recognizes: ({tensors}) => tensors.has('transformer.blocks.0.attn.Wqkv.weight'),
    fields: {
      vocabSize: {theirs: 'vocab_size', required: true},
      hiddenSize: {theirs: 'd_model', required: true},
      numLayers: {theirs: 'n_layers', required: true},
      numHeads: {theirs: 'n_heads', required: true},
      intermediateSize: {
        from: ({d_model, expansion_ratio}) => ((expansion_ratio as number | undefined) ?? 4) * (d_model as number),
        to: (size, {hiddenSize}) => (size % hiddenSize === 0 ? {expansion_ratio: size / hiddenSize} : {}),
      },
      // The library's own default where a file does not say.
      maxSequenceLength: {theirs: 'max_seq_len', usual: 2048, write: (length) => length ?? undefined},
      normEpsilon: {theirs: 'layer_norm_epsilon', usual: 1e-5},
      alibiBiasMax: 'attn_config.alibi_bias_max',
      tieEmbedding: 'tie_word_embeddings',
      dropout: {theirs: 'resid_pdrop', also: ['emb_pdrop', 'attn_config.attn_pdrop']},
    },
    fromTensors: {names: [], read: readWidth},
    only,
    constants: {
      architectures: ['MptForCausalLM'],
      model_type: 'mpt',
      no_bias: true,
      'attn_config.alibi': true,
      'attn_config.attn_type': 'multihead_attention',
    },
    tensors: (config) => {
      const norms = {useBias: config.normBias};
      const attention = {useBias: config.attentionBias};
      return [
        ...embedding('transformer.wte'),
        ...blocks(config.numLayers, 'transformer.blocks', (theirs, ours) => [
          ...norm(`${theirs}.norm_1`, `${ours}/mixer_norm`, norms),
          ...linear(`${theirs}.attn.Wqkv`, `${ours}/mixer/projections`, attention),
          ...linear(`${theirs}.attn.out_proj`, `${ours}/mixer/output`, attention),
          ...norm(`${theirs}.norm_2`, `${ours}/feed_forward_norm`, norms),
          ...linears(
            `${theirs}.ffn`,
            `${ours}/feed_forward`,
            {up: 'up_proj', down: 'down_proj'},
            {
              useBias: config.feedForwardBias,
            },
          ),
        ]),
        ...norm('transformer.norm_f', 'final_norm', norms),
        ...head('lm_head', {tieEmbedding: config.tieEmbedding, repeated: true}),
      ];
    },
  },
  (i) => `transformer.blocks.${i}.attn`,
);
