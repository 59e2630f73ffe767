import type {CheckpointLayout} from '@variants/core';
import {type AftConfig, resolveConfig} from '../config';
import {
  blockTensors,
  configOf,
  matrix,
  norm,
  readBlockFields,
  readMixerFields,
  writeBlockFields,
  writeMixerFields,
} from './parts';

/**
 * Files of an AFT language model. There is no official code: the blocks are the paper's, the names of the mixers those of
 * rish-16/aft-pytorch.
 */
export const languageModelLayout: CheckpointLayout<AftConfig> = {
  name: 'aft',
  recognizes: ({tensors}) => tensors.has('tok_emb.weight') && tensors.has('blocks.0.aft.to_q.weight'),
  readConfig(checkpoint) {
    const json = configOf(checkpoint);
    const {vocab_size, max_seq_len, tie_embeddings} = json;
    return resolveConfig({
      ...readMixerFields(json),
      ...readBlockFields(json),
      vocabSize: vocab_size as number,
      maxSequenceLength: max_seq_len as number | undefined,
      tieEmbedding: tie_embeddings as boolean | undefined,
    });
  },
  writeConfig: (config) => ({
    architecture: 'AFTLM',
    vocab_size: config.vocabSize,
    ...writeMixerFields(config),
    ...writeBlockFields(config),
    max_seq_len: config.maxSequenceLength,
    causal: true,
    tie_embeddings: config.tieEmbedding,
  }),
  tensors: (config) => [
    {theirs: 'tok_emb.weight', ours: 'embedding/table'},
    ...(config.maxSequenceLength > 0 ? [{theirs: 'pos_emb.weight', ours: 'positions/table'}] : []),
    ...Array.from({length: config.numLayers}, (_, i) => blockTensors(config, i)).flat(),
    ...norm('ln_f', 'final_norm'),
    ...(config.tieEmbedding ? [] : [matrix('head', 'head')]),
  ],
};
