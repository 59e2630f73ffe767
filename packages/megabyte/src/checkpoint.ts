import {
  CheckpointError,
  type CheckpointLayout,
  type DerivedField,
  defineLayout,
  mappings,
  type TensorMapping,
} from '@variants/core';
import {type MegabyteConfig, resolveMegabyteConfig} from './config';

const {blocks, embedding, linear, norm} = mappings;

/** A list of theirs, or one number for all stages. */
const perStage = (json: {readonly [field: string]: unknown}, field: string, file: string): number[] | undefined => {
  const value = json[field];
  if (value == null) return undefined;
  const lengths = json.max_seq_len;
  if (!Array.isArray(lengths))
    throw new CheckpointError(
      `${file}: max_seq_len is ${JSON.stringify(lengths)}, but must be a list of a length for each stage`,
    );
  return Array.isArray(value) ? value : lengths.map(() => value as number);
};

/** Widths of feed-forwards are one multiple of those of the stages. */
const intermediateSizes: DerivedField<number[], MegabyteConfig> = {
  from: (json, file) =>
    perStage(json, 'dim', file)?.map((size) => size * ((json.ff_mult as number | null | undefined) ?? 4)),
  to(sizes, {hiddenSizes}) {
    const multiple = sizes[0] / hiddenSizes[0];
    const isOne = Number.isInteger(multiple) && sizes.every((size, s) => size === multiple * hiddenSizes[s]);
    return isOne ? {ff_mult: multiple} : {};
  },
};

/** Files of lucidrains/MEGABYTE-pytorch, class MEGABYTE. */
export const authorsLayout: CheckpointLayout<MegabyteConfig> = defineLayout<MegabyteConfig>({
  name: 'megabyte-pytorch',
  recognizes: ({tensors}) => tensors.has('start_tokens.0') && tensors.has('to_next_transformer_projections.0.1.weight'),
  fields: {
    vocabSize: {theirs: 'num_tokens', required: true},
    stageLengths: {theirs: 'max_seq_len', required: true},
    hiddenSizes: {from: (json, file) => perStage(json, 'dim', file), to: (dim) => ({dim})},
    numLayers: {theirs: 'depth', required: true},
    intermediateSizes,
    numHeads: {theirs: 'heads', usual: 8},
    headSize: {theirs: 'dim_head', usual: 64},
    rotary: {theirs: 'rel_pos', usual: false},
    learnedPositions: {theirs: 'pos_emb', usual: false},
    padToken: {theirs: 'pad_id', usual: 0, write: (pad) => pad ?? undefined},
    dropout: {theirs: 'ff_dropout', usual: 0},
    attentionDropout: {theirs: 'attn_dropout', usual: 0},
  },
  constants: {model_type: 'megabyte'},
  resolve: (options) => resolveMegabyteConfig(options as MegabyteConfig),
  // Of rotary positions, which follow from headSize, and a table of theirs that is made on demand.
  ignored: [/\.rotary_emb\./],
  buffers: ({rotary, headSize, stageLengths}) => (rotary ? rotaryBuffers(headSize, stageLengths.length) : {}),
  tensors: (config) => [
    ...config.stageLengths.flatMap((_, s) => stageTensors(config, s)),
    ...linear('to_logits', 'head'),
  ],
});

/** A stage's weights: its path here is that of the coarsest, once more `finer` for each stage below. */
function stageTensors(config: MegabyteConfig, s: number): TensorMapping[] {
  const finest = config.stageLengths.length - 1;
  const ours = `stage${'/finer'.repeat(s)}`;
  // Embeddings are counted from the finest on, all else from the coarsest.
  const embedder = `token_embs.${finest - s}`;
  const stage: TensorMapping[] = [{theirs: `start_tokens.${s}`, ours: `${ours}/start`}];
  if (config.learnedPositions) stage.push({theirs: `pos_embs.${s}.weight`, ours: `${ours}/positions`});
  if (s === finest) stage.push(...embedding(embedder, `${ours}/embedding`));
  else
    stage.push(
      ...embedding(`${embedder}.0`, `${ours}/embedding/embedding`),
      ...norm(`${embedder}.2`, `${ours}/embedding/token_norm`),
      ...linear(`${embedder}.3`, `${ours}/embedding/projection`),
      ...norm(`${embedder}.4`, `${ours}/embedding/patch_norm`),
      ...linear(`to_next_transformer_projections.${s}.1`, `${ours}/children`),
    );
  return [...stage, ...transformerTensors(config.numLayers[s], config, `transformers.${s}.`, `${ours}/transformer/`)];
}

/**
 * The weights of a stage's Transformer.
 * @param theirs What their names begin with, with a dot at its end.
 * @param ours What ours begin with, with a slash at its end.
 */
export function transformerTensors(
  numLayers: number,
  {numHeads, headSize}: Pick<MegabyteConfig, 'numHeads' | 'headSize'>,
  theirs: string,
  ours: string,
): TensorMapping[] {
  const inner = numHeads * headSize;
  const weight = (their: string, our: string): TensorMapping => ({theirs: their, ours: our});
  const matrix = (their: string, our: string): TensorMapping => ({theirs: their, ours: our, transpose: true});
  return [
    ...blocks(
      numLayers,
      `${theirs}layers`,
      (their, our) => [
        weight(`${their}.0.norm.g`, `${our}/attention_norm/weight`),
        matrix(`${their}.0.to_q.weight`, `${our}/attention/queries/kernel`),
        ...['keys', 'values'].map((name, i) => ({
          ...matrix(`${their}.0.to_kv.weight`, `${our}/attention/${name}/kernel`),
          rows: {start: i * inner, total: 2 * inner},
        })),
        matrix(`${their}.0.to_out.weight`, `${our}/attention/output/kernel`),
        weight(`${their}.1.0.g`, `${our}/feed_forward_norm/weight`),
        ...linear(`${their}.1.1`, `${our}/up`),
        ...linear(`${their}.1.4`, `${our}/down`),
      ],
      `${ours}block`,
    ),
    weight(`${theirs}norm.g`, `${ours}final_norm/weight`),
  ];
}

/** Their buffers of frequencies, a stage each. */
function rotaryBuffers(headSize: number, stages: number) {
  const data = Float32Array.from({length: headSize / 2}, (_, i) => 10000 ** ((-2 * i) / headSize));
  return Object.fromEntries(
    Array.from({length: stages}, (_, s) => [`transformers.${s}.rotary_emb.inv_freq`, {shape: [headSize / 2], data}]),
  );
}
