import {
  type AuthorsConfig,
  defineLayout,
  type FieldTable,
  mappings,
  namedValues,
  type TensorMapping,
} from '@variants/core';
import {type CompressionMethod, type CompressionSharing, compressionShapes} from '../compression-layer';
import {type LinformerConfig, resolveLinformerConfig, slotsOf} from '../config';

const {linear, linears, norm} = mappings;

const methods: Readonly<Record<string, CompressionMethod>> = {learnable: 'linear', convolution: 'convolution'};
const sharings: Readonly<Record<string, CompressionSharing>> = {
  none: 'none',
  headwise: 'headwise',
  kv: 'kv',
  layerwise: 'layerwise',
};

const widthOf = ({channels, nhead, dim_d}: AuthorsConfig) =>
  dim_d ?? Math.floor((channels as number) / ((nhead ?? 4) as number));

/** Fields of tatp22's LinformerLM; what is missing has its default, and what it has no field for is as it computes. */
const fields: FieldTable<LinformerConfig> = {
  vocabSize: {theirs: 'num_tokens', required: true},
  maxSequenceLength: {theirs: 'input_size', required: true},
  hiddenSize: {theirs: 'channels', required: true},
  embeddingSize: {
    from: ({emb_dim, channels}) => emb_dim ?? channels,
    to: (size, {hiddenSize}) => ({emb_dim: size === hiddenSize ? null : size}),
  },
  numLayers: {theirs: 'depth', usual: 2},
  numHeads: {theirs: 'nhead', usual: 4},
  headSize: {from: widthOf, to: (size) => ({dim_d: size})},
  intermediateSize: {theirs: 'dim_ff', usual: 1024},
  compressedLength: {theirs: 'dim_k', usual: 64},
  compressedLengthStep: {
    // Where all blocks have one matrix, theirs leaves it as it is.
    from: ({k_reduce_by_layer = 0, parameter_sharing = 'layerwise'}) =>
      parameter_sharing === 'layerwise' ? 0 : k_reduce_by_layer,
    to: (step) => ({k_reduce_by_layer: step}),
  },
  sharing: namedValues('parameter_sharing', sharings, 'layerwise'),
  compression: namedValues('method', methods, 'learnable'),
  activation: namedValues('activation', {gelu: 'gelu', relu: 'relu'}, 'gelu'),
  dropout: {theirs: 'dropout', usual: 0},
  dropRemainder: {from: () => true},
  compressionBias: {from: () => 'added'},
  useBias: {from: () => false},
  positions: {from: () => 'sinusoidal'},
  embeddingNorm: {from: () => false},
  head: {from: () => 'linear'},
};

/** What would be another model. */
const only: AuthorsConfig = {
  causal: false,
  full_attention: false,
  include_ff: true,
  use_pos_emb: true,
  decoder_mode: false,
};

/** What is before the names of the blocks: projections to and from narrower embeddings wrap them. */
const inside = ({embeddingSize, hiddenSize}: LinformerConfig) =>
  embeddingSize === hiddenSize ? 'linformer.seq' : 'linformer.fn.seq';

/** The tensors of one attention, which has a matrix for each head, also of what heads share. */
export function attentionTensors(
  theirs: string,
  ours: string,
  config: Pick<LinformerConfig, 'numHeads' | 'headSize' | 'sharing'> & {
    shapes: ReturnType<typeof compressionShapes>;
  },
  compression: {ours: string; isFirst: boolean} = {ours: `${ours}/compression`, isFirst: true},
): TensorMapping[] {
  const {numHeads, headSize} = config;
  const heads = Array.from({length: numHeads}, (_, head) => head);
  const part = (head: number) => ({start: head * headSize, count: headSize});
  const projections = {queries: 'to_q', keys: 'to_k', values: 'to_v'};
  return [
    ...heads.flatMap((head) => compressionTensors(`${theirs}heads.${head}`, head, config, compression)),
    ...Object.entries(projections).flatMap(([our, their]) =>
      heads.map((head) => ({
        theirs: `${theirs}${their}.${head}.weight`,
        ours: `${ours}/${our}/kernel`,
        transpose: true,
        part: part(head),
      })),
    ),
    ...linear(`${theirs}w_o`, `${ours}/output`),
  ];
}

function compressionTensors(
  theirs: string,
  head: number,
  {sharing, shapes}: Parameters<typeof attentionTensors>[2],
  {ours, isFirst}: {ours: string; isFirst: boolean},
): TensorMapping[] {
  const isOne = sharing === 'kv' || sharing === 'layerwise';
  const tensor = (their: string, our: string, shape: number[] | undefined, alias: boolean): TensorMapping => ({
    theirs: `${theirs}.${their}`,
    ours: `${ours}/${our}`,
    ...(sharing === 'none' && {part: {start: head, count: 1}, shape}),
    ...(alias && {alias}),
  });
  const repeated = sharing !== 'none' && head > 0;
  return (['E', 'F'] as const).flatMap((name) => {
    const our = name === 'E' || isOne ? 'keys' : 'values';
    const alias = repeated || !isFirst || (name === 'F' && isOne);
    return [
      tensor(`${name}.weight`, our, shapes?.matrix, alias),
      tensor(`${name}.bias`, `${our}_bias`, shapes?.bias, alias),
    ];
  });
}

function tensors(config: LinformerConfig): TensorMapping[] {
  const {embeddingSize, hiddenSize, numLayers, sharing} = config;
  const seq = inside(config);
  const block = (i: number): TensorMapping[] => {
    const [attention, feedForward, ours] = [`${seq}.${2 * i}`, `${seq}.${2 * i + 1}`, `block_${i}`];
    const isFirst = sharing !== 'layerwise' || i === 0;
    const compression = {ours: `block_${isFirst ? i : 0}/mixer/compression`, isFirst};
    const shapes = compressionShapes({...config, method: config.compression, compressedLength: slotsOf(config, i)});
    return [
      ...attentionTensors(`${attention}.fn.`, `${ours}/mixer`, {...config, shapes}, compression),
      ...norm(`${attention}.norm`, `${ours}/mixer_norm`),
      ...linears(`${feedForward}.fn`, `${ours}/feed_forward`, {up: 'w_1', down: 'w_2'}),
      ...norm(`${feedForward}.norm`, `${ours}/feed_forward_norm`),
    ];
  };
  const projection = (name: string) => (embeddingSize === hiddenSize ? [] : linear(`linformer.${name}`, name));
  return [
    {theirs: 'to_token_emb.weight', ours: 'embeddings/tokens/table'},
    ...projection('project_in'),
    ...Array.from({length: numLayers}, (_, i) => block(i)).flat(),
    ...projection('project_out'),
    ...linear('to_logits', 'head'),
  ];
}

/** The frequencies of positions, which their files hold. */
function frequencies({embeddingSize}: LinformerConfig) {
  const data = Float32Array.from({length: embeddingSize / 2}, (_, i) => 100_000 ** ((-2 * i) / embeddingSize));
  return {'pos_emb.inv_freq': {shape: [data.length], data}};
}

/** Files of tatp22's LinformerLM (github.com/tatp22/linformer-pytorch), which has the paper's matrices of each head. */
export const tatp22Layout = defineLayout<LinformerConfig>({
  name: 'linformer-tatp22',
  recognizes: ({tensors}) =>
    tensors.has('to_token_emb.weight') && [...tensors.keys()].some((name) => /^linformer\.(fn\.)?seq\./.test(name)),
  fields,
  only,
  tensors,
  buffers: frequencies,
  resolve: resolveLinformerConfig,
});
