import {LayerNorm, Linear, MaskedHead, normal, TokenEmbedding, type VariantLayer} from '@variants/core';
import {type CompressionLender, LinformerBlock, ReversibleLinformerBlock, ReversibleSum} from './blocks';
import {type LinformerConfig, slotsOf} from './config';
import {LinformerEmbeddings} from './embeddings';

/** The embeddings of a model. */
export function embeddingsOf(config: LinformerConfig): LinformerEmbeddings {
  const {vocabSize, embeddingSize: hiddenSize, maxSequenceLength, positions, positionOffset} = config;
  const {padToken, embeddingNorm: norm, normEpsilon, dropout} = config;
  return new LinformerEmbeddings({
    ...{name: 'embeddings', vocabSize, hiddenSize, maxSequenceLength, positions, positionOffset},
    ...{padToken, norm, normEpsilon, dropout},
  });
}

/** The layers from embeddings to the vectors that heads take. */
export function encoderLayers(config: LinformerConfig): VariantLayer[] {
  const {embeddingSize, hiddenSize, normEpsilon: epsilon} = config;
  return [
    ...(embeddingSize === hiddenSize
      ? []
      : [new Linear({name: 'project_in', units: hiddenSize}, {kernel: normal(0.02)})]),
    ...blocksOf(config),
    ...(config.finalNorm ? [new LayerNorm({name: 'final_norm', epsilon})] : []),
  ];
}

function blocksOf(config: LinformerConfig): VariantLayer[] {
  const {numLayers, sharing, reversible, normalization} = config;
  const blocks: (LinformerBlock | ReversibleLinformerBlock)[] = [];
  // Of blocks with one compression the first one has it.
  const lender: CompressionLender = () => blocks[0].compression;
  for (let i = 0; i < numLayers; i++) {
    const options = {...blockOptions(config, i), name: `block_${i}`};
    const borrows = sharing === 'layerwise' && i > 0 ? lender : undefined;
    blocks.push(
      reversible
        ? new ReversibleLinformerBlock({...options, isFirst: i === 0}, borrows)
        : new LinformerBlock({...options, normalization}, borrows),
    );
  }
  return reversible ? [...blocks, new ReversibleSum({name: 'sum'})] : blocks;
}

function blockOptions(config: LinformerConfig, i: number) {
  const {numHeads, numKeyValueHeads, headSize, maxSequenceLength, compression, sharing, compressionBias} = config;
  const {dropRemainder, trainCompression, valuesAreKeys, useBias} = config;
  const {intermediateSize, activation, normEpsilon, dropout, attentionDropout} = config;
  return {
    ...{numHeads, numKeyValueHeads, headSize, maxSequenceLength, compression, sharing, compressionBias},
    ...{dropRemainder, trainCompression, valuesAreKeys, useBias, compressedLength: slotsOf(config, i)},
    ...{intermediateSize, activation, normEpsilon, dropout, attentionDropout},
  };
}

/** The layers from vectors to the logits of tokens. */
export function tokenHeadLayers(
  config: LinformerConfig,
  embeddings: LinformerEmbeddings,
): [...between: VariantLayer[], head: VariantLayer] {
  const {vocabSize, embeddingSize, hiddenSize, head, tieEmbedding, activation, normEpsilon} = config;
  const kernel = normal(0.02);
  if (head === 'linear') {
    const logits = new Linear({name: 'head', units: vocabSize}, {kernel});
    if (embeddingSize === hiddenSize) return [logits];
    return [new Linear({name: 'project_out', units: embeddingSize}, {kernel}), logits];
  }
  const own = new TokenEmbedding({vocabSize, hiddenSize: embeddingSize}, kernel);
  const table = tieEmbedding ? () => embeddings.tokens : () => own;
  return [new MaskedHead(table, {name: 'head', activation, normEpsilon}, kernel)];
}
