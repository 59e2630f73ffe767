import {type DerivedField, defineLayout, mappings, type TensorMapping} from '@variants/core';
import {type MegabytePaperConfig, resolvePaperConfig} from './config';

const {blocks, embedding, linear, linears, norm} = mappings;

type Json = {readonly [field: string]: unknown};

const timesFour = (json: Json) => (json.ff_mult as number | null | undefined) ?? 4;

/** Widths of feed-forwards are one multiple of those of the two models. */
const globalIntermediateSize: DerivedField<number, MegabytePaperConfig> = {
  from: (json) => timesFour(json) * (json.patch_size as number) * (json.global_dim as number),
  to(size, {patchSize, globalSize, localSize, localIntermediateSize}) {
    const multiple = localIntermediateSize / localSize;
    return Number.isInteger(multiple) && size === multiple * patchSize * globalSize ? {ff_mult: multiple} : {};
  },
};

/** Files of the paper's form, of which no code was published: names of modules as PyTorch would have them. */
export const paperLayout = defineLayout<MegabytePaperConfig>({
  name: 'megabyte-paper',
  recognizes: ({tensors}) => tensors.has('global_pad') && tensors.has('gl_proj.weight'),
  fields: {
    vocabSize: {theirs: 'num_tokens', required: true},
    patchSize: {theirs: 'patch_size', required: true},
    maxSequenceLength: {theirs: 'max_seq_len', required: true},
    globalSize: {theirs: 'global_dim', required: true},
    numGlobalLayers: {theirs: 'global_layers', required: true},
    numGlobalHeads: {theirs: 'global_heads', required: true},
    globalIntermediateSize,
    localSize: {theirs: 'local_dim', required: true},
    numLocalLayers: {theirs: 'local_layers', required: true},
    numLocalHeads: {theirs: 'local_heads', required: true},
    localIntermediateSize: {from: (json) => timesFour(json) * (json.local_dim as number)},
  },
  constants: {model_type: 'megabyte', architecture: 'MegabytePaper'},
  resolve: (options) => resolvePaperConfig(options as MegabytePaperConfig),
  tensors: ({numGlobalLayers, numLocalLayers}) => [
    {theirs: 'global_pad', ours: 'stages/global_pad'},
    {theirs: 'local_pad', ours: 'stages/local_pad'},
    ...embedding('global_embed', 'stages/global_embedding'),
    {theirs: 'pos_emb.weight', ours: 'stages/positions'},
    ...stack('global', numGlobalLayers),
    ...linear('gl_proj', 'stages/to_local', {useBias: false}),
    ...embedding('local_embed', 'stages/local_embedding'),
    ...stack('local', numLocalLayers),
  ],
});

/** The weights of the global or the local model. */
function stack(name: string, numLayers: number): TensorMapping[] {
  return [
    ...blocks(
      numLayers,
      `${name}.layers`,
      (theirs, ours) => [
        ...norm(`${theirs}.ln1`, `${ours}/mixer_norm`),
        ...linears(`${theirs}.attn`, `${ours}/mixer`, {queries: 'q', keys: 'k', values: 'v', output: 'o'}),
        ...norm(`${theirs}.ln2`, `${ours}/feed_forward_norm`),
        ...linears(theirs, `${ours}/feed_forward`, {up: 'fc1', down: 'fc2'}),
      ],
      `stages/${name}/block`,
    ),
    ...norm(`${name}.ln_f`, `stages/${name}/final_norm`),
  ];
}
