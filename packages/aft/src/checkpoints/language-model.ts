import {defineLayout, mappings} from '@variants/core';
import {type AftConfig, resolveAftConfig} from '../config';
import {blockFields, blockTensors} from './parts';

const {embedding, head, norm} = mappings;

/**
 * Files of an AFT language model. There is no official code: the blocks are the paper's, the names of the mixers those of
 * rish-16/aft-pytorch.
 */
export const languageModelLayout = defineLayout<AftConfig>({
  name: 'aft',
  recognizes: ({tensors}) => tensors.has('tok_emb.weight') && tensors.has('blocks.0.aft.to_q.weight'),
  fields: {
    ...blockFields,
    vocabSize: {theirs: 'vocab_size', required: true},
    maxSequenceLength: 'max_seq_len',
    tieEmbedding: 'tie_embeddings',
  },
  constants: {model_type: 'aft', architecture: 'AFTLM', causal: true},
  resolve: resolveAftConfig,
  tensors: (config) => [
    ...embedding('tok_emb'),
    ...(config.maxSequenceLength > 0 ? embedding('pos_emb', 'positions') : []),
    ...blockTensors(config),
    ...norm('ln_f', 'final_norm'),
    ...head('head', config),
  ],
});
