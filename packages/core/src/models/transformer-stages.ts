/**
 * The Transformer's decoders.
 *
 *     B, T   batch, time                 D      width (hiddenSize)
 *     H      heads of the queries        Hk     heads of keys and values
 *     F      width of the feed-forward   L      blocks (numLayers)
 *
 * GPT-2 (Radford et al. 2019):
 *
 *     x = table[token] + positions[n];   x = x + attention(LN x);   x = x + W2 gelu(W1 LN x);   logits = LN x · tableᵀ
 *
 * LLaMA (Touvron et al. 2023, arXiv 2302.13971):
 *
 *     x = table[token];   x = x + rotaryAttention(RMS x);   x = x + W2 (silu(W1 RMS x) * W3 RMS x);   logits = RMS x · W
 */
import {scaledAngles} from '../kernels/rotary-embedding/rope-scaling';
import {alibiSlopes} from '../layers/alibi';
import {Dropout} from '../layers/dropout';
import {TiedHead, TokenEmbedding} from '../layers/embedding';
import {normal} from '../layers/initializers';
import type {VariantLayer} from '../layers/layer';
import {Linear} from '../layers/linear';
import {LearnedPositions} from '../layers/positions';
import type {SelfAttentionConfig} from '../layers/self-attention';
import {makeNorm, TransformerBlock} from '../layers/transformer-block';
import type {TransformerFields, TransformerStyle} from './transformer-fields';

/** Layer number `layer`'s attention. */
function attentionConfig(config: TransformerFields, style: TransformerStyle, layer: number): SelfAttentionConfig {
  const {numHeads, numKeyValueHeads, headSize, attentionBias, maxSequenceLength, dropout} = config;
  const {window, sinks, cachePositions, rotaryBase, rotaryPairing: pairing, ropeScaling} = config;
  const scale = (config.scaleAttention ? headSize ** -0.5 : 1) / (config.scaleAttentionByLayer ? layer + 1 : 1);
  const rotary = () => ({...scaledAngles(headSize, rotaryBase, ropeScaling), pairing});
  return {
    numHeads,
    numKeyValueHeads,
    headSize,
    useBias: attentionBias,
    fused: style.fused,
    scale,
    rotary: style.positions === 'rotary' ? rotary() : null,
    alibi: style.positions === 'alibi' ? alibiSlopes(numHeads, style.alibiLargest) : null,
    window,
    sinks,
    cachePositions,
    sinkLogit: style.sinkLogit,
    maxSequenceLength,
    dropout,
  };
}

/** The layers of a decoder-only Transformer from token ids to logits: embedding, blocks, norm, head. */
export function transformerStages(config: TransformerFields, style: TransformerStyle): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon, normBias, dropout, maxSequenceLength} = config;
  const {gated, positions} = style;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  const block = (_: unknown, i: number) =>
    new TransformerBlock({
      name: `block_${i}`,
      attention: attentionConfig(config, style, i),
      intermediateSize: config.intermediateSize,
      activation: config.activation,
      gated,
      feedForwardBias: config.feedForwardBias,
      normBias,
      normEpsilon,
      numLayers,
      dropout,
    });
  return [
    embedding,
    ...(positions === 'learned'
      ? [new LearnedPositions({name: 'positions', maxSequenceLength: maxSequenceLength as number})]
      : []),
    ...(dropout > 0 ? [new Dropout({name: 'embedding_dropout', rate: dropout})] : []),
    ...Array.from({length: numLayers}, block),
    makeNorm(gated, normEpsilon, normBias, 'final_norm'),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/** All weights of {@link transformerStages}, counted once. */
export function countTransformer(config: TransformerFields, style: TransformerStyle): number {
  const {vocabSize, hiddenSize: D, numLayers, numHeads, numKeyValueHeads, headSize, intermediateSize: F} = config;
  const [queries, keyValues] = [numHeads * headSize, 2 * numKeyValueHeads * headSize];
  const biases = config.attentionBias ? queries + keyValues + D : 0;
  const attention = D * (2 * queries + keyValues) + biases + (style.sinkLogit === 'learned' ? numHeads : 0);
  const up = style.gated ? 2 : 1;
  const feedForward = (up + 1) * D * F + (config.feedForwardBias ? up * F + D : 0);
  const norm = config.normBias ? 2 * D : D;
  const positions = style.positions === 'learned' ? (config.maxSequenceLength as number) * D : 0;
  const embeddings = vocabSize * D * (config.tieEmbedding ? 1 : 2) + positions;
  return embeddings + numLayers * (attention + feedForward + 2 * norm) + norm;
}
