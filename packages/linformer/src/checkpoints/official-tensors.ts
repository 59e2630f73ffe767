import {mappings, type TensorMapping} from '@variants/core';
import type {LinformerClassifierConfig, LinformerConfig} from '../config';

const {blocks, linear, linears, norm} = mappings;

const encoder = 'encoder.sentence_encoder';

/** The tensors below the heads, in fairseq's names; those that it has not are named in its manner. */
export function encoderTensors(config: LinformerConfig, valuesRepeated: boolean): TensorMapping[] {
  const {embeddingSize, hiddenSize, embeddingNorm, finalNorm, positions, useBias, valuesAreKeys, numLayers} = config;
  return [
    {theirs: `${encoder}.embed_tokens.weight`, ours: 'embeddings/tokens/table'},
    ...(positions === 'learned' ? [{theirs: `${encoder}.embed_positions.weight`, ours: 'embeddings/positions'}] : []),
    ...(embeddingNorm ? norm(`${encoder}.layernorm_embedding`, 'embeddings/norm') : []),
    ...(embeddingSize === hiddenSize ? [] : linear(`${encoder}.project_in`, 'project_in')),
    ...blocks(numLayers, `${encoder}.layers`, (theirs, ours) => [
      ...linears(
        `${theirs}.self_attn`,
        `${ours}/mixer`,
        {queries: 'q_proj', keys: 'k_proj', ...(!valuesAreKeys && {values: 'v_proj'})},
        {useBias},
      ),
      ...linear(`${theirs}.self_attn.out_proj`, `${ours}/mixer/output`),
      ...norm(`${theirs}.self_attn_layer_norm`, `${ours}/mixer_norm`),
      ...linears(theirs, `${ours}/feed_forward`, {up: 'fc1', down: 'fc2'}),
      ...norm(`${theirs}.final_layer_norm`, `${ours}/feed_forward_norm`),
    ]),
    ...compressionTensors(config, valuesRepeated),
    ...(finalNorm ? norm(`${encoder}.layer_norm`, 'final_norm') : []),
  ];
}

/** Where the files name a compression: of all blocks under each of them. */
function compressionTensors(config: LinformerConfig, valuesRepeated: boolean): TensorMapping[] {
  const {compression, compressionBias, numLayers, sharing, valuesAreKeys} = config;
  if (compression === 'mean' || compression === 'max') return [];
  const weights = (theirs: string, ours: string, alias?: true): TensorMapping[] => [
    {theirs: `${theirs}.weight`, ours, ...(alias && {alias})},
    ...(compressionBias === 'none' ? [] : [{theirs: `${theirs}.bias`, ours: `${ours}_bias`, ...(alias && {alias})}]),
  ];
  const attention = (i: number) => `${encoder}.layers.${i}.self_attn`;
  const own = (i: number) => `block_${i}/mixer/compression`;
  const all = Array.from({length: numLayers}, (_, i) => i);
  if (sharing === 'layerwise')
    return namesOfShared(numLayers, valuesRepeated).flatMap((name, i) =>
      weights(name, `${own(0)}/keys`, i === 0 ? undefined : true),
    );
  const hasValues = sharing !== 'kv' && !valuesAreKeys;
  return all.flatMap((i) => [
    ...weights(`${attention(i)}.compress_k`, `${own(i)}/keys`),
    ...(hasValues ? weights(`${attention(i)}.compress_v`, `${own(i)}/values`) : []),
  ]);
}

/** The names of the one compression of all blocks. */
function namesOfShared(numLayers: number, valuesRepeated: boolean): string[] {
  const ofBlocks = Array.from({length: numLayers}, (_, i) => `${encoder}.layers.${i}.self_attn`).flatMap((name) => [
    `${name}.compress_k`,
    ...(valuesRepeated ? [`${name}.compress_v`] : []),
  ]);
  return [...ofBlocks, `${encoder}.compress_layer`];
}

/** The bias that fairseq has beside the one compression of all blocks, and adds to nothing, where the model has none. */
export function unusedBiases(config: LinformerConfig, valuesRepeated: boolean) {
  const {sharing, compression, compressionBias, numLayers, compressedLength} = config;
  if (sharing !== 'layerwise' || compression !== 'linear' || compressionBias !== 'none') return {};
  const zeros = {shape: [compressedLength], data: new Float32Array(compressedLength)};
  return Object.fromEntries(namesOfShared(numLayers, valuesRepeated).map((name) => [`${name}.bias`, zeros]));
}

/** The tensors of the head for tokens; `ours` is the layer that has it. */
export function tokenHeadTensors(config: LinformerConfig, ours = ''): TensorMapping[] {
  const {head, tieEmbedding, embeddingSize, hiddenSize} = config;
  const theirs = 'encoder.lm_head';
  if (head === 'linear')
    return [
      ...(embeddingSize === hiddenSize ? [] : linear(`${theirs}.project_out`, `${ours}project_out`)),
      ...linear(theirs, `${ours}head`),
    ];
  return [
    ...linear(`${theirs}.dense`, `${ours}head/transform`),
    ...norm(`${theirs}.layer_norm`, `${ours}head/norm`),
    tieEmbedding
      ? {theirs: `${theirs}.weight`, ours: 'embeddings/tokens/table', alias: true}
      : {theirs: `${theirs}.weight`, ours: `${ours}head/embedding/table`},
    {theirs: `${theirs}.bias`, ours: `${ours}head/bias`},
  ];
}

/** The tensors of the head for labels, and of that for tokens where it is kept. */
export function labelTensors(config: LinformerClassifierConfig): TensorMapping[] {
  const theirs = `classification_heads.${config.headName}`;
  return [
    ...linear(`${theirs}.dense`, 'head/labels/pooler'),
    ...linear(`${theirs}.out_proj`, 'head/labels/classifier'),
    ...(config.tokenHead ? tokenHeadTensors(config, 'head/') : []),
  ];
}
