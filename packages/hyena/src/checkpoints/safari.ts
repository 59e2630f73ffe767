import {mappings} from '@variants/core';
import {type HyenaConfig, resolveHyenaConfig} from '../config';
import {hyenaLayout} from './define-layout';
import {fullOperator, modelConstants, modelFields, modelOnly} from './fields';

/**
 * Files of HazyResearch/safari's SimpleLMHeadModel and ConvLMHeadModel with Hyena operators, also those of PyTorch
 * Lightning. Their tensors tell all sizes; what they do not tell has safari's defaults where there is no config.json.
 */
export const safari = hyenaLayout<HyenaConfig>({
  name: 'safari',
  recognizes: () => true,
  fields: {...modelFields, ...fullOperator, tieEmbedding: {from: () => true}},
  only: modelOnly,
  constants: {...modelConstants, architecture: 'SimpleLMHeadModel'},
  resolve: resolveHyenaConfig,
  prefix: '',
  frequencies: 'of every sine',
  head: (_, prefix) => mappings.head(`${prefix}lm_head`, {tieEmbedding: true, repeated: true}),
  // Some files have the tied matrix twice, others once.
  ignored: [/^(model\.)?lm_head\.weight$/],
});
