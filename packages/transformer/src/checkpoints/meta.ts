import {type Checkpoint, metaFiles, metaIntermediateSize, metaRopeScaling, metaSizes} from '@variants/core';
import type {TransformerConfig} from '../config';
import {decoderLayout, fieldsOf} from './define-layout';

/** Only llama2.c knows in its files how long a text may be. */
const hasLength = (checkpoint: Checkpoint) => fieldsOf(checkpoint)?.max_seq_len !== undefined;

const family = {from: () => 'llama'};

/** Whether the head is the embedding: llama2.c decides by the values, when it writes its own files. */
async function readTied(checkpoint: Checkpoint): Promise<Pick<TransformerConfig, 'tieEmbedding'>> {
  const [rows, other] = ['tok_embeddings', 'output'].map((name) =>
    checkpoint.tensors.get(`${name}.weight`)?.shape.join(),
  );
  if (other === undefined || rows === undefined) return {tieEmbedding: true};
  if (rows !== other) return {tieEmbedding: false};
  const [ours, theirs] = [await checkpoint.read('tok_embeddings.weight'), await checkpoint.read('output.weight')];
  return {tieEmbedding: ours.every((value, i) => value === theirs[i])};
}

/** karpathy/llama2.c: Meta's names; the output is mostly tied to the embedding and stored twice. */
export const llama2c = decoderLayout({
  ...metaFiles,
  name: 'llama2c',
  recognizes: (checkpoint) => metaFiles.recognizes(checkpoint) && hasLength(checkpoint),
  fields: {
    ...metaSizes,
    family,
    vocabSize: {theirs: 'vocab_size', required: true},
    intermediateSize: {
      from: (json) => metaIntermediateSize(json, 32),
      to: (width) => ({hidden_dim: width, multiple_of: 32}),
    },
    maxSequenceLength: {theirs: 'max_seq_len', usual: null},
    rotaryBase: {from: ({rope_theta}) => rope_theta},
    ropeScaling: {from: metaRopeScaling},
    dropout: 'dropout',
  },
  fromTensors: {names: ['tieEmbedding'], read: readTied},
});

/** meta-llama/llama: params.json and consolidated.00.pth. */
export const meta = decoderLayout({
  ...metaFiles,
  name: 'meta',
  recognizes: (checkpoint) => metaFiles.recognizes(checkpoint) && !hasLength(checkpoint),
  fields: {...metaFiles.fields, family},
});
