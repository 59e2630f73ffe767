import {type AuthorsConfig, type Checkpoint, mappings, type TensorMapping} from '@variants/core';
import type {TransformerConfig} from '../config';
import type {RopeScaling} from '../rope-scaling';
import {decoderLayout, fieldsOf} from './define-layout';

const {blocks, embedding, head, linears, norm} = mappings;

/** What Meta's code does where params.json says `use_scaled_rope` (Llama 3.1; files of 3.2 say so too, but mean factor 32). */
const scaledRope: RopeScaling = {
  type: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalMaxSequenceLength: 8192,
};

const table = 'tok_embeddings';
const output = 'output';

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
const shared = {
  family: {from: () => 'llama'},
  rotaryPairing: {from: () => 'interleaved'},
  hiddenSize: {theirs: 'dim', required: true},
  numLayers: {theirs: 'n_layers', required: true},
  numHeads: {theirs: 'n_heads', required: true},
  numKeyValueHeads: 'n_kv_heads',
  normEpsilon: 'norm_eps',
} as const;

const readScaling = ({use_scaled_rope}: AuthorsConfig) => (use_scaled_rope === true ? scaledRope : null);

function tensors(config: TransformerConfig): TensorMapping[] {
  const attention = {useBias: config.attentionBias};
  const feedForward = {useBias: config.feedForwardBias};
  return [
    ...embedding(table),
    ...blocks(config.numLayers, 'layers', (theirs, ours) => [
      ...linears(
        `${theirs}.attention`,
        `${ours}/mixer`,
        {queries: 'wq', keys: 'wk', values: 'wv', output: 'wo'},
        attention,
      ),
      ...linears(`${theirs}.feed_forward`, `${ours}/feed_forward`, {up: 'w1', down: 'w2', gate: 'w3'}, feedForward),
      ...norm(`${theirs}.attention_norm`, `${ours}/mixer_norm`, {useBias: false}),
      ...norm(`${theirs}.ffn_norm`, `${ours}/feed_forward_norm`, {useBias: false}),
    ]),
    ...norm('norm', 'final_norm', {useBias: false}),
    ...head(output, {...config, repeated: true}),
  ];
}

const ignored = [/^rope\.freqs$/, /^freqs_(cos|sin)$/, /\.attention\.mask$/];

/** Whether the head is the embedding: llama2.c decides by the values, when it writes its own files. */
async function readTied(checkpoint: Checkpoint): Promise<Pick<TransformerConfig, 'tieEmbedding'>> {
  const [rows, other] = [table, output].map((name) => checkpoint.tensors.get(`${name}.weight`)?.shape.join());
  if (other === undefined || rows === undefined) return {tieEmbedding: true};
  if (rows !== other) return {tieEmbedding: false};
  const [ours, theirs] = [await checkpoint.read(`${table}.weight`), await checkpoint.read(`${output}.weight`)];
  return {tieEmbedding: ours.every((value, i) => value === theirs[i])};
}

/** karpathy/llama2.c: Meta's names; the output is mostly tied to the embedding and stored twice. */
export const llama2c = decoderLayout({
  name: 'llama2c',
  recognizes: (checkpoint) => hasNames(checkpoint) && hasLength(checkpoint),
  fields: {
    ...shared,
    vocabSize: {theirs: 'vocab_size', required: true},
    intermediateSize: {
      from: (json) => intermediateSize(json, 32),
      to: (width) => ({hidden_dim: width, multiple_of: 32}),
    },
    maxSequenceLength: {theirs: 'max_seq_len', usual: null},
    rotaryBase: {from: ({rope_theta}) => rope_theta},
    ropeScaling: {from: readScaling},
    dropout: 'dropout',
  },
  fromTensors: {names: ['tieEmbedding'], read: readTied},
  tensors,
  ignored,
});

/** The multiplier and multiple that give F in Meta's code, which has no field for F itself. */
function widthFields(width: number, {hiddenSize}: TransformerConfig): AuthorsConfig {
  const plain = plainWidth(hiddenSize);
  // Half of one more than F, so that no rounding goes below it before it is truncated.
  return width >= plain ? {multiple_of: width} : {multiple_of: 1, ffn_dim_multiplier: (width + 0.5) / plain};
}

/** Rows of the embedding, where the configuration leaves them to the tokenizer, as -1: in files of Llama 1 and 2. */
function readVocabulary({tensors: stored}: Checkpoint, {vocab_size}: AuthorsConfig): Partial<TransformerConfig> {
  if ((vocab_size as number) > 0) return {};
  return {vocabSize: stored.get(`${table}.weight`)?.shape[0]};
}

/** meta-llama/llama: params.json and consolidated.00.pth; how long a text may be is up to the caller. */
export const meta = decoderLayout({
  name: 'meta',
  recognizes: (checkpoint) => hasNames(checkpoint) && !hasLength(checkpoint),
  fields: {
    ...shared,
    vocabSize: 'vocab_size',
    intermediateSize: {from: (json) => intermediateSize(json, 256), to: widthFields},
    maxSequenceLength: {from: () => null},
    tieEmbedding: {from: () => false},
    rotaryBase: {
      theirs: 'rope_theta',
      write: (base) => (base === 10000 ? undefined : base),
    },
    ropeScaling: {
      from: readScaling,
      to: (scaling) => (JSON.stringify(scaling) === JSON.stringify(scaledRope) ? {use_scaled_rope: true} : {}),
    },
  },
  fromTensors: {names: [], read: readVocabulary},
  tensors,
  ignored,
});
