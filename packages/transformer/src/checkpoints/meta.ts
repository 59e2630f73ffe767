import type {Checkpoint, TensorMapping} from '@variants/core';
import type {TransformerConfig, TransformerOptions} from '../config';
import type {RopeScaling} from '../rope-scaling';
import {type AuthorsConfig, defineLayout, fieldsOf, type TensorFacts} from './define-layout';
import {blocks, linear, norm} from './mappings';

/** What Meta's code does where params.json says `use_scaled_rope` (Llama 3.1; files of 3.2 say so too, but mean factor 32). */
const scaledRope: RopeScaling = {
  type: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalMaxSequenceLength: 8192,
};

const embedding = 'tok_embeddings.weight';
const head = 'output.weight';

const hasNames = ({tensors}: Checkpoint) => tensors.has('layers.0.attention.wq.weight');

/** Only llama2.c knows in its files how long a text may be. */
const hasLength = (checkpoint: Checkpoint) => fieldsOf(checkpoint)?.max_seq_len !== undefined;

/** The width of Meta's feed-forward before multipliers: 2/3 of 4 D, truncated. */
const plainWidth = (dim: number) => Math.trunc((2 * 4 * dim) / 3);

/** F of Meta's code: truncated at each step, rounded up to a multiple of `multiple_of`. */
function intermediateSize(json: AuthorsConfig, usualMultiple: number): number {
  const {
    dim,
    hidden_dim: given,
    multiple_of,
    ffn_dim_multiplier,
  } = json as {[field: string]: number | null | undefined};
  if (given != null) return given;
  const multipleOf = multiple_of ?? usualMultiple;
  const width = Math.trunc((ffn_dim_multiplier ?? 1) * plainWidth(dim as number));
  return multipleOf * Math.ceil(width / multipleOf);
}

/** The fields that llama2.c and Meta's code share. */
function readShared(json: AuthorsConfig): Omit<TransformerOptions, 'vocabSize'> {
  const fields = json as Record<string, never>;
  return {
    family: 'llama',
    rotaryPairing: 'interleaved',
    hiddenSize: fields.dim,
    numLayers: fields.n_layers,
    numHeads: fields.n_heads,
    numKeyValueHeads: fields.n_kv_heads ?? fields.n_heads,
    normEpsilon: fields.norm_eps,
    rotaryBase: fields.rope_theta,
    ropeScaling: json.use_scaled_rope === true ? scaledRope : null,
  };
}

function writeShared(config: TransformerConfig): AuthorsConfig {
  return {
    dim: config.hiddenSize,
    n_layers: config.numLayers,
    n_heads: config.numHeads,
    n_kv_heads: config.numKeyValueHeads,
    vocab_size: config.vocabSize,
    norm_eps: config.normEpsilon,
  };
}

function tensors(config: TransformerConfig): TensorMapping[] {
  const {attentionBias, feedForwardBias} = config;
  return [
    {theirs: embedding, ours: 'embedding/table'},
    ...blocks(config, (ours, i) => {
      const layer = `layers.${i}`;
      return [
        ...linear(`${layer}.attention.wq`, `${ours}/mixer/queries`, attentionBias),
        ...linear(`${layer}.attention.wk`, `${ours}/mixer/keys`, attentionBias),
        ...linear(`${layer}.attention.wv`, `${ours}/mixer/values`, attentionBias),
        ...linear(`${layer}.attention.wo`, `${ours}/mixer/output`, attentionBias),
        ...linear(`${layer}.feed_forward.w1`, `${ours}/feed_forward/up`, feedForwardBias),
        ...linear(`${layer}.feed_forward.w2`, `${ours}/feed_forward/down`, feedForwardBias),
        ...linear(`${layer}.feed_forward.w3`, `${ours}/feed_forward/gate`, feedForwardBias),
        ...norm(`${layer}.attention_norm`, `${ours}/mixer_norm`, false),
        ...norm(`${layer}.ffn_norm`, `${ours}/feed_forward_norm`, false),
      ];
    }),
    ...norm('norm', 'final_norm', false),
    ...(config.tieEmbedding ? [{theirs: head, ours: 'embedding/table', alias: true}] : linear('output', 'head', false)),
  ];
}

const ignored = [/^rope\.freqs$/, /^freqs_(cos|sin)$/, /\.attention\.mask$/];

/** Whether the head is the embedding: llama2.c decides by the values, when it writes its own files. */
async function isTied(checkpoint: Checkpoint): Promise<boolean> {
  const [rows, other] = [embedding, head].map((name) => checkpoint.tensors.get(name)?.shape.join());
  if (other === undefined || rows === undefined) return true;
  if (rows !== other) return false;
  const [table, matrix] = [await checkpoint.read(embedding), await checkpoint.read(head)];
  return table.every((value, i) => value === matrix[i]);
}

/** karpathy/llama2.c: Meta's names; the output is mostly tied to the embedding and stored twice. */
export const llama2c = defineLayout({
  name: 'llama2c',
  recognizes: (checkpoint) => hasNames(checkpoint) && hasLength(checkpoint),
  facts: async (checkpoint) => ({tieEmbedding: await isTied(checkpoint)}),
  required: ['dim', 'n_layers', 'n_heads', 'vocab_size'],
  read: (json, {tieEmbedding}) => ({
    ...readShared(json),
    vocabSize: json.vocab_size as number,
    intermediateSize: intermediateSize(json, 32),
    maxSequenceLength: json.max_seq_len as number | null,
    tieEmbedding,
    dropout: json.dropout as number | undefined,
  }),
  write: (config) => ({
    ...writeShared(config),
    hidden_dim: config.intermediateSize,
    multiple_of: 32,
    max_seq_len: config.maxSequenceLength,
    dropout: config.dropout,
  }),
  tensors,
  ignored,
});

/** The multiplier and multiple that give F in Meta's code, which has no field for F itself. */
function widthFields({hiddenSize, intermediateSize: width}: TransformerConfig): AuthorsConfig {
  const plain = plainWidth(hiddenSize);
  // Half of one more than F, so that no rounding goes below it before it is truncated.
  return width >= plain ? {multiple_of: width} : {multiple_of: 1, ffn_dim_multiplier: (width + 0.5) / plain};
}

/** meta-llama/llama: params.json and consolidated.00.pth; how long a text may be is up to the caller. */
export const meta = defineLayout({
  name: 'meta',
  recognizes: (checkpoint) => hasNames(checkpoint) && !hasLength(checkpoint),
  facts: async ({tensors: stored}): Promise<TensorFacts> => ({vocabSize: stored.get(embedding)?.shape[0]}),
  required: ['dim', 'n_layers', 'n_heads'],
  read: (json, {vocabSize}) => ({
    ...readShared(json),
    // Files of Llama 1 and 2 leave it to the tokenizer, as -1.
    vocabSize: ((json.vocab_size as number) > 0 ? json.vocab_size : vocabSize) as number,
    intermediateSize: intermediateSize(json, 256),
    maxSequenceLength: null,
    tieEmbedding: false,
  }),
  write: (config) => ({
    ...writeShared(config),
    ...widthFields(config),
    ...(config.rotaryBase !== 10000 && {rope_theta: config.rotaryBase}),
    ...(JSON.stringify(config.ropeScaling) === JSON.stringify(scaledRope) && {use_scaled_rope: true}),
  }),
  tensors,
  ignored,
});
