import {CheckpointError} from '@variants/core';
import {type HyenaConfig, type HyenaOptions, resolveHyenaConfig} from '../config';
import {defineLayout, requireValue} from './define-layout';
import {type AuthorsFields, fullOperator, readFilterLayout, writeFilterLayout, writeOperator} from './fields';

/** What a model of safari has but for its operator. */
export function modelFields(json: AuthorsFields): Partial<HyenaConfig> {
  const fields = json as {[field: string]: never};
  const attention = (json.attn_cfg ?? {}) as {[field: string]: never};
  return {
    numAttentionHeads: attention.num_heads,
    normEpsilon: fields.layer_norm_epsilon ?? 1e-5,
    dropout: fields.resid_dropout ?? 0,
    embeddingDropout: fields.embed_dropout ?? 0.1,
  };
}

/** The fields of a layer, an object of their own. */
export function layerFields(json: AuthorsFields, file: string): AuthorsFields {
  const layer = (json.layer ?? {}) as AuthorsFields;
  if (typeof layer !== 'object') throw new CheckpointError(`${file}: layer is ${layer}, but must be an object`);
  requireValue(layer, '_name_', 'hyena', file);
  requireValue(layer, 'num_blocks', 1, file);
  requireValue(layer, 'inner_factor', 1, file);
  return layer;
}

/** A model in safari's fields. */
export function writeModel(config: Omit<HyenaConfig, 'tieEmbedding'>): AuthorsFields {
  const {attentionLayers} = config;
  return {
    model_type: 'hyena',
    d_model: config.hiddenSize,
    n_layer: config.numLayers,
    d_inner: config.intermediateSize,
    vocab_size: config.vocabSize,
    pad_vocab_size_multiple: 1,
    max_position_embeddings: config.maxPositions,
    ...(attentionLayers.length > 0 && {
      attn_layer_idx: attentionLayers,
      attn_cfg: {num_heads: config.numAttentionHeads},
    }),
    layer: writeOperator(config),
    filter_layout: writeFilterLayout(config.filterLayout),
    layer_norm_epsilon: config.normEpsilon,
    resid_dropout: config.dropout,
    embed_dropout: config.embeddingDropout,
  };
}

/**
 * Files of HazyResearch/safari's SimpleLMHeadModel and ConvLMHeadModel with Hyena operators, also those of PyTorch
 * Lightning. Their tensors tell all sizes; what they do not tell has safari's defaults where there is no config.json.
 */
export const safari = defineLayout<HyenaConfig>({
  name: 'safari',
  recognizes: () => true,
  read(json, file) {
    return {
      ...modelFields(json),
      ...fullOperator(layerFields(json, file), file),
      filterLayout: readFilterLayout(json, 'channel-first'),
      tieEmbedding: true,
    };
  },
  write: (config) => ({...writeModel(config), architecture: 'SimpleLMHeadModel'}),
  resolve: (options) => resolveHyenaConfig(options as HyenaOptions),
  prefix: '',
  frequencies: 'of every sine',
  head: (_, prefix) => [{theirs: `${prefix}lm_head.weight`, ours: 'embedding/table', alias: true}],
  // Some files have the tied matrix twice, others once.
  ignored: [/^(model\.)?lm_head\.weight$/],
});
