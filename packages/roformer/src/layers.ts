import {
  BertEmbeddings,
  Linear,
  MaskedHead,
  normal,
  type RotaryConfig,
  scaledAngles,
  TiedHead,
  type VariantLayer,
} from '@variants/core';
import {matrixInitializer, type RoFormerBlockConfig} from './blocks';
import type {RoFormerFields} from './config';

/** How a model's queries and keys turn. */
function rotaryOf(config: RoFormerFields): RotaryConfig {
  const {hiddenSize, numHeads, rotaryBase, rotaryPairing: pairing, rotaryValues: values, ropeScaling} = config;
  return {...scaledAngles(hiddenSize / numHeads, rotaryBase, ropeScaling), pairing, values};
}

/** The layers from token ids to the blocks: BERT's embeddings without positions, and a projection where they are narrower. */
export function embeddingLayers(config: RoFormerFields): [BertEmbeddings, ...VariantLayer[]] {
  const {embeddingSize, hiddenSize, norm, numLayers} = config;
  // RoFormer-V2's tables are drawn by their columns.
  const deviation = norm === 'rms' ? 1.13684723 / Math.sqrt(embeddingSize * numLayers) : 0.02;
  const embeddings = new BertEmbeddings(
    {
      ...{name: 'embeddings', vocabSize: config.vocabSize, hiddenSize: embeddingSize},
      ...{typeVocabSize: config.typeVocabSize, padToken: config.padToken, dropout: config.dropout},
      ...{bareNorm: norm === 'rms', normEpsilon: config.normEpsilon},
    },
    normal(deviation),
  );
  if (embeddingSize === hiddenSize) return [embeddings];
  return [embeddings, new Linear({name: 'projection', units: hiddenSize}, {kernel: matrixInitializer(config)})];
}

/** The blocks, each made of its options. */
export function blockLayers<Block extends VariantLayer>(
  config: RoFormerFields,
  make: (options: RoFormerBlockConfig & {name: string}) => Block,
): Block[] {
  const {numHeads, intermediateSize, activation, norm, normEpsilon, useBias, dropout, attentionDropout} = config;
  const shared = {numHeads, intermediateSize, activation, norm, normEpsilon, useBias, dropout, attentionDropout};
  const {numLayers} = config;
  return Array.from({length: numLayers}, (_, i) =>
    make({...shared, numLayers, rotary: rotaryOf(config), name: `block_${i}`}),
  );
}

/** The head from the last block to logits: BERT's or, in RoFormer-V2, the embedding's table alone. */
export function tokenHead({norm, activation, normEpsilon}: RoFormerFields, embeddings: BertEmbeddings): VariantLayer {
  const table = () => embeddings.tokens;
  if (norm === 'rms') return new TiedHead(table, {name: 'head'});
  return new MaskedHead(table, {name: 'head', activation, normEpsilon}, normal(0.02));
}
