import {
  Dropout,
  LayerNorm,
  LearnedPositions,
  Linear,
  normal,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
} from '@variants/core';
import {HyenaBlock, type HyenaBlockConfig} from './block';
import type {HyenaBackboneConfig, HyenaConfig} from './config';

/** The layers from token ids to what heads take: embedding, blocks, norm. The first is the embedding. */
export function backbone(config: HyenaBackboneConfig): [TokenEmbedding, ...VariantLayer[]] {
  const {vocabSize, hiddenSize, numLayers, maxPositions, embeddingDropout} = config;
  return [
    new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02)),
    ...(maxPositions > 0 ? [new LearnedPositions({name: 'positions', maxSequenceLength: maxPositions})] : []),
    ...(embeddingDropout > 0 ? [new Dropout({name: 'embedding_dropout', rate: embeddingDropout})] : []),
    ...Array.from({length: numLayers}, (_, i) => new HyenaBlock(blockConfig(config, i))),
    new LayerNorm({name: 'final_norm', epsilon: config.finalNormEpsilon}),
  ];
}

/** All layers of a language model. */
export function languageModelLayers(config: HyenaConfig): VariantLayer[] {
  const [embedding, ...rest] = backbone(config);
  const head = config.tieEmbedding
    ? new TiedHead(embedding, {name: 'head'})
    : new Linear({name: 'head', units: config.vocabSize, useBias: false}, {kernel: normal(0.02)});
  return [embedding, ...rest, head];
}

function blockConfig(config: HyenaBackboneConfig, i: number): HyenaBlockConfig & {name: string} {
  const {intermediateSize, normEpsilon, numLayers, dropout, numAttentionHeads: attentionHeads} = config;
  const {maxSequenceLength} = config;
  const mixer = config.attentionLayers.includes(i)
    ? {attentionHeads, maxSequenceLength}
    : {...config, dropout: config.operatorDropout};
  return {name: `block_${i}`, mixer, intermediateSize, normEpsilon, numLayers, dropout};
}
