import {defineLayout, mappings, type TensorMapping} from '@variants/core';
import {type LucidReformerConfig, resolveLucidReformerConfig} from './config';

const {embedding, linear, linears, norm} = mappings;

/** The library's flags of positions, of which one is set at most, and then not the usual rotary ones. */
const positionFlags = {
  axial: 'axial_position_emb',
  absolute: 'absolute_position_emb',
  fixed: 'fixed_position_emb',
} as const;
type Flagged = keyof typeof positionFlags;

function positionTensors({positions, axialShape, embeddingSize}: LucidReformerConfig): TensorMapping[] {
  if (positions === 'absolute') return [{theirs: 'pos_emb.emb.weight', ours: 'positions/table'}];
  if (positions !== 'axial' || !axialShape) return [];
  return axialShape.map((count, i) => ({
    theirs: `pos_emb.weights_${i}`,
    ours: `positions/axial_${i}`,
    shape: [1, ...axialShape.map((_, j) => (j === i ? count : 1)), embeddingSize],
  }));
}

/** A norm in front of a part, LayerNorm or ScaleNorm. */
function normTensors(theirs: string, ours: string, {scaleNorm}: LucidReformerConfig): TensorMapping[] {
  return scaleNorm ? [{theirs: `${theirs}.g`, ours: `${ours}/scale`}] : norm(theirs, ours);
}

function blockTensors(config: LucidReformerConfig, i: number): TensorMapping[] {
  const [f, g] = ['f', 'g'].map((name) => `reformer.layers.blocks.${i}.${name}.net`);
  // Layers that are tied are in the file once for each block.
  const own = config.tieLayers ? 'block_0' : `block_${i}`;
  const shared = [
    ...lucidAttentionTensors(`${f}.fn.`, `blocks/${own}_attention`, config.numMemories > 0),
    ...linears(`${g}.fn.fn`, `blocks/${own}_feed_forward`, {up: 'w1', down: 'w2'}),
  ];
  return [
    ...normTensors(`${f}.norm`, `blocks/block_${i}_attention_norm`, config),
    ...normTensors(`${g}.norm`, `blocks/block_${i}_feed_forward_norm`, config),
    ...shared.map((mapping) => (config.tieLayers && i > 0 ? {...mapping, alias: true} : mapping)),
  ];
}

/** The tensors of the library's LSHSelfAttention, behind a prefix. */
export function lucidAttentionTensors(prefix: string, ours: string, hasMemories: boolean): TensorMapping[] {
  return [
    ...linear(`${prefix}toqk`, `${ours}/query_keys`, {useBias: false}),
    ...linear(`${prefix}tov`, `${ours}/values`, {useBias: false}),
    ...linear(`${prefix}to_out`, `${ours}/output`),
    ...(hasMemories ? [{theirs: `${prefix}mem_kv`, ours: `${ours}/memories`}] : []),
  ];
}

/** Files of reformer-pytorch's ReformerLM, with the arguments of its constructor as config.json. */
export const lucidLayout = defineLayout<LucidReformerConfig>({
  name: 'reformer-pytorch',
  recognizes: ({tensors}) =>
    tensors.has('token_emb.weight') && tensors.has('reformer.layers.blocks.0.f.net.fn.toqk.weight'),
  fields: {
    vocabSize: {theirs: 'num_tokens', required: true},
    hiddenSize: {theirs: 'dim', required: true},
    embeddingSize: 'emb_dim',
    numLayers: {theirs: 'depth', required: true},
    numHeads: 'heads',
    headSize: 'dim_head',
    bucketSize: 'bucket_size',
    numHashes: 'n_hashes',
    maxSequenceLength: {theirs: 'max_seq_len', required: true},
    positions: {
      from: (json) => (Object.keys(positionFlags) as Flagged[]).find((name) => json[positionFlags[name]]) ?? 'rotary',
      to: (positions) => (positions === 'rotary' ? {} : {[positionFlags[positions as Flagged]]: true}),
    },
    axialShape: {
      from: ({axial_position_emb, axial_position_shape}) => (axial_position_emb ? axial_position_shape : undefined),
      to: (shape) => (shape ? {axial_position_shape: shape} : {}),
    },
    feedForwardChunks: 'ff_chunks',
    gatedFeedForward: 'ff_glu',
    scaleNorm: 'use_scale_norm',
    tieLayers: 'weight_tie',
    tieEmbedding: 'weight_tie_embedding',
    oneValueHead: 'one_value_head',
    numLocalHeads: 'n_local_attn_heads',
    numMemories: 'num_mem_kv',
    fullAttention: 'use_full_attn',
    attendAcrossBuckets: 'attend_across_buckets',
    allowDuplicates: 'allow_duplicate_attention',
    rehash: 'rehash_each_round',
    rotationsPerHead: 'random_rotations_per_head',
  },
  constants: {causal: true},
  only: {causal: true},
  // The library keeps its blocks a second time, and the frequencies of rotary positions.
  ignored: [/^reformer\.layers\.irrev_blocks\./, /inv_freq$/],
  resolve: resolveLucidReformerConfig,
  tensors: (config) => [
    ...embedding('token_emb'),
    ...positionTensors(config),
    ...(config.embeddingSize === config.hiddenSize ? [] : linear('to_model_dim', 'widen')),
    ...Array.from({length: config.numLayers}, (_, i) => blockTensors(config, i)).flat(),
    ...norm('norm', 'final_norm'),
    ...(config.embeddingSize === config.hiddenSize ? [] : linear('out.0', 'narrow')),
    ...(config.tieEmbedding
      ? [{theirs: 'out.1.tensor', ours: 'embedding/table', alias: true}]
      : linear('out.1', 'head')),
  ],
});
