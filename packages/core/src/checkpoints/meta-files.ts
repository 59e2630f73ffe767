import type {Checkpoint} from '../files/checkpoint';
import type {RopeScaling} from '../kernels/rotary-embedding/rope-scaling';
import type {TensorFields} from './define-layout';
import type {AuthorsConfig, FieldTable} from './field-table';
import type {TensorMapping} from './layout';
import {mappings} from './mappings';
import {sameValue} from './same-value';
import type {TransformerFileFields, TransformerFiles} from './transformer-files';

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

/** The width of Meta's feed-forward before multipliers: 2/3 of 4 D, truncated. */
const plainWidth = (dim: number) => Math.trunc((2 * 4 * dim) / 3);

/**
 * The width of the feed-forward in Meta's code, by all fields of its configuration: truncated at each step, rounded up to a
 * multiple of `multiple_of`.
 */
export function metaIntermediateSize(json: AuthorsConfig, usualMultiple: number): number {
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

/** The fields that params.json and llama2.c have alike. */
export const metaSizes: FieldTable<TransformerFileFields> = {
  rotaryPairing: {from: () => 'interleaved'},
  hiddenSize: {theirs: 'dim', required: true},
  numLayers: {theirs: 'n_layers', required: true},
  numHeads: {theirs: 'n_heads', required: true},
  numKeyValueHeads: 'n_kv_heads',
  normEpsilon: 'norm_eps',
};

/** The scaling of the rotary frequencies that `use_scaled_rope` stands for, null without. */
export const metaRopeScaling = ({use_scaled_rope}: AuthorsConfig): RopeScaling | null =>
  use_scaled_rope === true ? scaledRope : null;

function tensors(
  config: Pick<TransformerFileFields, 'numLayers' | 'attentionBias' | 'feedForwardBias' | 'tieEmbedding'>,
): TensorMapping[] {
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
    ...head('output', {...config, repeated: true}),
  ];
}

/** The multiplier and multiple that give F in Meta's code, which has no field for F itself. */
function widthFields(width: number, {hiddenSize}: Pick<TransformerFileFields, 'hiddenSize'>): AuthorsConfig {
  const plain = plainWidth(hiddenSize);
  // Half of one more than F, so that no rounding goes below it before it is truncated.
  return width >= plain ? {multiple_of: width} : {multiple_of: 1, ffn_dim_multiplier: (width + 0.5) / plain};
}

/** Rows of the embedding, where the configuration leaves them to the tokenizer, as -1: in files of Llama 1 and 2. */
function readVocabulary({tensors: stored}: Checkpoint, {vocab_size}: AuthorsConfig): Partial<TransformerFileFields> {
  if ((vocab_size as number) > 0) return {};
  return {vocabSize: stored.get(`${table}.weight`)?.shape[0]};
}

/** Meta's own LLaMA files, params.json and consolidated.00.pth: neighbouring features turn together. */
export const metaFiles: TransformerFiles & {fromTensors: TensorFields<TransformerFileFields>} = {
  recognizes: ({tensors: stored}) => stored.has('layers.0.attention.wq.weight'),
  fields: {
    ...metaSizes,
    vocabSize: 'vocab_size',
    intermediateSize: {from: (json) => metaIntermediateSize(json, 256), to: widthFields},
    // How long a text may be is up to the caller.
    maxSequenceLength: {from: () => null},
    tieEmbedding: {from: () => false},
    rotaryBase: {
      theirs: 'rope_theta',
      write: (base) => (base === 10000 ? undefined : base),
    },
    ropeScaling: {
      from: metaRopeScaling,
      to: (scaling) => (sameValue(scaling, scaledRope) ? {use_scaled_rope: true} : {}),
    },
  },
  fromTensors: {names: [], read: readVocabulary},
  tensors,
  ignored: [/^rope\.freqs$/, /^freqs_(cos|sin)$/, /\.attention\.mask$/],
};
