import {defineLayout, type FieldTable, mappings, type TensorMapping} from '@variants/core';
import {type LinformerConfig, resolveLinformerConfig} from '../config';

const {linear, linears, norm} = mappings;

/** Fields of lucidrains' LinformerLM; what is missing has its default, and what it has no field for is as it computes. */
const fields: FieldTable<LinformerConfig> = {
  vocabSize: {theirs: 'num_tokens', required: true},
  hiddenSize: {theirs: 'dim', required: true},
  maxSequenceLength: {theirs: 'seq_len', required: true},
  numLayers: {theirs: 'depth', required: true},
  compressedLength: {theirs: 'k', usual: 256},
  numHeads: {theirs: 'heads', usual: 8},
  headSize: {
    from: ({dim_head, dim, heads}) => dim_head ?? Math.floor((dim as number) / ((heads ?? 8) as number)),
    to: (size) => ({dim_head: size}),
  },
  numKeyValueHeads: {
    from: ({one_kv_head, heads}) => (one_kv_head ? 1 : (heads ?? 8)),
    to: (heads, {numHeads}) => ({one_kv_head: heads === 1 && numHeads > 1}),
  },
  valuesAreKeys: {theirs: 'share_kv', usual: false},
  reversible: {theirs: 'reversible', usual: false},
  attentionDropout: {theirs: 'dropout', usual: 0},
  intermediateSize: {from: ({dim}) => 4 * (dim as number)},
  sharing: {from: () => 'headwise'},
  useBias: {from: () => false},
  embeddingNorm: {from: () => false},
  normalization: {from: () => 'pre'},
  finalNorm: {from: () => false},
  head: {from: () => 'linear'},
};

/** The tensors of lucidrains' LinformerLM, whose matrices of compression are [positions, slots]. */
function tensors(config: LinformerConfig): TensorMapping[] {
  const {numLayers, reversible, valuesAreKeys} = config;
  const block = (i: number): TensorMapping[] => {
    const part = (sequential: number, stream: string) =>
      reversible ? `linformer.net.blocks.${i}.${stream}.net` : `linformer.net.layers.${i}.${sequential}`;
    const [attention, feedForward, ours] = [part(0, 'f'), part(1, 'g'), `block_${i}`];
    const sequences = valuesAreKeys ? ['keys'] : ['keys', 'values'];
    const projections = {queries: 'to_q', keys: 'to_k', ...(!valuesAreKeys && {values: 'to_v'})};
    return [
      ...sequences.map((name) => ({
        theirs: `${attention}.fn.proj_${name[0]}`,
        ours: `${ours}/mixer/compression/${name}`,
        transpose: true,
      })),
      ...linears(`${attention}.fn`, `${ours}/mixer`, projections, {useBias: false}),
      ...linear(`${attention}.fn.to_out`, `${ours}/mixer/output`),
      ...norm(`${attention}.norm`, `${ours}/mixer_norm`),
      ...linears(`${feedForward}.fn`, `${ours}/feed_forward`, {up: 'w1', down: 'w2'}),
      ...norm(`${feedForward}.norm`, `${ours}/feed_forward_norm`),
    ];
  };
  return [
    {theirs: 'token_emb.weight', ours: 'embeddings/tokens/table'},
    {theirs: 'pos_emb.weight', ours: 'embeddings/positions'},
    ...Array.from({length: numLayers}, (_, i) => block(i)).flat(),
    ...linear('to_logits', 'head'),
  ];
}

/** Files of lucidrains' LinformerLM (github.com/lucidrains/linformer), which is no causal model either. */
export const lucidrainsLayout = defineLayout<LinformerConfig>({
  name: 'linformer-lucidrains',
  recognizes: ({tensors}) =>
    tensors.has('token_emb.weight') && [...tensors.keys()].some((name) => name.startsWith('linformer.net.')),
  fields,
  tensors,
  resolve: resolveLinformerConfig,
});
