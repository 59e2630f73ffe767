import {Dropout, LayerNorm, normal, TokenEmbedding, type VariantLayer} from '@variants/core';
import type {ReformerBlockConfig} from './block';
import type {ReformerFields} from './config';
import {ChunkedHead} from './feed-forward';
import {PositionEmbeddings} from './positions';
import {ReversibleStack} from './stack';

/** The layers from token ids to both streams, normed, [batch, time, 2 hidden]; and the blocks among them. */
export function backbone(config: ReformerFields, causal: boolean): {layers: VariantLayer[]; stack: ReversibleStack} {
  const {vocabSize, hiddenSize, maxSequenceLength, axialShape, axialSizes, dropout, normEpsilon: epsilon} = config;
  const axial = axialShape && axialSizes ? {axialShape, axialSizes} : {};
  const stack = new ReversibleStack({name: 'blocks', blocks: blockConfigs(config, causal)});
  const layers = [
    new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02)),
    new PositionEmbeddings({name: 'positions', maxSequenceLength, ...axial}),
    ...dropouts('embedding_dropout', dropout),
    stack,
    new LayerNorm({name: 'final_norm', epsilon}),
    ...dropouts('final_dropout', dropout),
  ];
  return {layers, stack};
}

/** Logits of all tokens. */
export function tokenHead({vocabSize, headChunkLength: chunkLength}: ReformerFields): VariantLayer {
  return new ChunkedHead({name: 'head', units: vocabSize, chunkLength});
}

const dropouts = (name: string, rate: number): VariantLayer[] => (rate > 0 ? [new Dropout({name, rate})] : []);

function blockConfigs(config: ReformerFields, causal: boolean): ReformerBlockConfig[] {
  const {localChunkLength, localChunksBefore, localChunksAfter, lshChunkLength, lshChunksBefore, lshChunksAfter} =
    config;
  const local = {chunkLength: localChunkLength, chunksBefore: localChunksBefore, chunksAfter: localChunksAfter};
  const lsh = {chunkLength: lshChunkLength, chunksBefore: lshChunksBefore, chunksAfter: lshChunksAfter};
  const {numHeads, headSize, intermediateSize, activation, feedForwardChunkLength, normEpsilon, dropout} = config;
  const {numBuckets, numHashes, hashSeed, attentionTypes} = config;
  const lengths = attentionTypes.map((type) => (type === 'local' ? localChunkLength : lshChunkLength));
  const shared = {
    ...{numHeads, headSize, intermediateSize, activation, feedForwardChunkLength, normEpsilon, dropout, causal},
    multiple: lengths.reduce(leastCommonMultiple),
    unpadded: Math.min(...lengths),
  };
  return attentionTypes.map((attentionType) =>
    attentionType === 'local'
      ? {...shared, ...local, attentionType}
      : {...shared, ...lsh, attentionType, numBuckets, numHashes, ...(hashSeed !== null && {hashSeed})},
  );
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
