import {type Checkpoint, mappings, type TensorMapping} from '@variants/core';
import type {RoFormerFields} from '../config';

const {blocks, embedding, linear, linears, norm} = mappings;

/** The tensors below the heads, in Hugging Face's names. */
export function encoderTensors(config: RoFormerFields): TensorMapping[] {
  const {useBias, embeddingSize, hiddenSize, numLayers} = config;
  const layerNorm = (theirs: string, ours: string) => (config.norm === 'layer' ? norm(theirs, ours) : []);
  return [
    ...embedding('roformer.embeddings.word_embeddings', 'embeddings/tokens'),
    {theirs: 'roformer.embeddings.token_type_embeddings.weight', ours: 'embeddings/types'},
    ...layerNorm('roformer.embeddings.LayerNorm', 'embeddings/norm'),
    ...(embeddingSize === hiddenSize ? [] : linear('roformer.embeddings_project', 'projection')),
    ...blocks(numLayers, 'roformer.encoder.layer', (theirs, ours) => [
      ...linears(
        `${theirs}.attention.self`,
        `${ours}/mixer`,
        {queries: 'query', keys: 'key', values: 'value'},
        {useBias},
      ),
      ...linear(`${theirs}.attention.output.dense`, `${ours}/mixer/output`, {useBias}),
      ...layerNorm(`${theirs}.attention.output.LayerNorm`, `${ours}/mixer_norm`),
      ...linear(`${theirs}.intermediate.dense`, `${ours}/feed_forward/up`, {useBias}),
      ...linear(`${theirs}.output.dense`, `${ours}/feed_forward/down`, {useBias}),
      ...layerNorm(`${theirs}.output.LayerNorm`, `${ours}/feed_forward_norm`),
    ]),
  ];
}

/**
 * The tensors of the head for tokens, in Hugging Face's names. RoFormer-V2's has none. Files may hold the table and the bias
 * a second time, under `decoder`, or there alone; they are written once.
 */
export function headTensors({norm: kind}: RoFormerFields, checkpoint?: Checkpoint): TensorMapping[] {
  const head = 'cls.predictions';
  const second: TensorMapping[] = [
    {theirs: `${head}.decoder.weight`, ours: 'embeddings/tokens/table', alias: true},
    ...(kind === 'layer' ? [{theirs: `${head}.decoder.bias`, ours: 'head/bias', alias: true}] : []),
  ];
  return [
    ...(kind === 'layer'
      ? [
          ...linear(`${head}.transform.dense`, 'head/transform'),
          ...norm(`${head}.transform.LayerNorm`, 'head/norm'),
          {theirs: `${head}.bias`, ours: 'head/bias'},
        ]
      : []),
    ...second.filter(({theirs}) => checkpoint?.tensors.has(theirs)),
  ];
}

/** The tensors of RoFormer-Sim's pooler. */
export const poolerTensors = (): TensorMapping[] => linear('roformer.pooler.dense', 'pooler/dense');

/** The tensors of the head for labels. */
export const classifierTensors = (): TensorMapping[] => [
  ...linear('classifier.dense', 'head/pooler'),
  ...linear('classifier.out_proj', 'head/classifier'),
];

/**
 * The name of a tensor in the official files, which bert4keras wrote, by Hugging Face's: `bert/encoder/layer_0/.../kernel`
 * for `roformer.encoder.layer.0....weight`.
 */
export function officialName(theirs: string): string {
  if (theirs === 'cls.predictions.bias') return 'cls/predictions/output_bias';
  return theirs
    .replace(/^roformer\./, 'bert.')
    .replace(/\.layer\.(\d+)\./, '.layer_$1.')
    .replace(/_embeddings\.weight$/, '_embeddings')
    .replace(/\.LayerNorm\.weight$/, '.LayerNorm.gamma')
    .replace(/\.LayerNorm\.bias$/, '.LayerNorm.beta')
    .replace(/\.weight$/, '.kernel')
    .replaceAll('.', '/');
}

/** A tensor as the official files have it, where matrices are [in, out]. */
export const asOfficial = ({transpose: _, ...mapping}: TensorMapping): TensorMapping => ({
  ...mapping,
  theirs: officialName(mapping.theirs),
});
