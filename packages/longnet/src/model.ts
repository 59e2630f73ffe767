import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  type CausalBlockParts,
  CausalResidualBlock,
  type CheckpointLayout,
  LanguageModel,
  LayerNorm,
  Linear,
  MaskedLanguageModel,
  normal,
  ResidualBlock,
  type ResidualBlockParts,
  type ResidualConfig,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
} from '@variants/core';
import {decoderLayout, encoderLayout} from './checkpoint';
import {
  type LongNetConfig,
  type LongNetEncoderConfig,
  type LongNetEncoderOptions,
  type LongNetFields,
  type LongNetOptions,
  layerConfig,
  resolveLongNetConfig,
  resolveLongNetEncoderConfig,
} from './config';
import {CausalDilatedAttention, DilatedAttention, type DilatedAttentionConfig} from './dilated-attention-layer';
import {SubNormFeedForward} from './feed-forward';
import {OffsetPositions} from './positions';
import type {DilatedLayerConfig} from './projections';

/** Options of {@link CausalLongNetBlock}. */
export interface LongNetBlockConfig extends DilatedLayerConfig, ResidualConfig {
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'gelu'. */
  activation?: Activation;
}

/**
 * Causal dilated attention and a feed-forward, each with a norm and a skip connection:
 *
 *     y = x + attention(norm x);      y + feedForward(norm y)
 */
export class CausalLongNetBlock extends CausalResidualBlock<LongNetBlockConfig> {
  static readonly className = 'CausalLongNetBlock';

  protected parts(): CausalBlockParts {
    return {mixer: new CausalDilatedAttention(attentionOf(this.config)), ...besideAttention(this.config)};
  }
}
tf.serialization.registerClass(CausalLongNetBlock);

/** {@link CausalLongNetBlock} that looks both ways. */
export class LongNetBlock extends ResidualBlock<LongNetBlockConfig & DilatedAttentionConfig> {
  static readonly className = 'LongNetBlock';

  protected parts(): ResidualBlockParts {
    const {maskFilling} = this.config;
    return {mixer: new DilatedAttention({...attentionOf(this.config), maskFilling}), ...besideAttention(this.config)};
  }
}
tf.serialization.registerClass(LongNetBlock);

function attentionOf(config: LongNetBlockConfig): DilatedLayerConfig {
  const {numHeads, segmentLengths, dilations, xPos, xPosScaleBase, subLayerNorm, normEpsilon} = config;
  const {differentiateShares, attentionDropout, initialGain} = config;
  return {
    ...{numHeads, segmentLengths, dilations, xPos, xPosScaleBase, subLayerNorm, normEpsilon},
    ...{differentiateShares, attentionDropout, initialGain},
  };
}

function besideAttention(config: LongNetBlockConfig): Omit<ResidualBlockParts, 'mixer'> {
  const {intermediateSize, activation, subLayerNorm, normEpsilon, initialGain} = config;
  return {
    feedForward: new SubNormFeedForward({intermediateSize, activation, subLayerNorm, normEpsilon, initialGain}),
    norm: () => new LayerNorm({epsilon: normEpsilon ?? 1e-5}),
  };
}

/** A LongNet language model: embedding, blocks, norm, head. */
export class LongNet extends LanguageModel<LongNetConfig> {
  static override readonly className = 'LongNet';
  override layout: CheckpointLayout<LongNetConfig> = decoderLayout;

  constructor(options: LongNetOptions) {
    const config = resolveLongNetConfig(options);
    const {embedding, before, head} = ends(config);
    const blocks = blocksOf(config, (block) => new CausalLongNetBlock(block));
    const beyondStates = ['differentiateShares', 'attentionDropout'];
    super(config, [embedding, ...before, ...blocks, ...outputNorm(config), head], {name: 'longnet', beyondStates});
  }
}
tf.serialization.registerClass(LongNet);

/** A LongNet that looks both ways, with logits for each position: embedding, blocks, norm, head. */
export class LongNetEncoder extends MaskedLanguageModel<LongNetEncoderConfig> {
  static override readonly className = 'LongNetEncoder';
  override layout: CheckpointLayout<LongNetEncoderConfig> = encoderLayout;

  constructor(options: LongNetEncoderOptions) {
    const config = resolveLongNetEncoderConfig(options);
    const {embedding, before, head} = ends(config);
    const blocks = blocksOf(config, (block) => new LongNetBlock({...block, maskFilling: config.maskFilling}));
    const norm = config.outputNorm ? outputNorm(config) : [];
    const backbone = [embedding, ...before, ...blocks, ...norm];
    super(config, {backbone, head, padToken: config.padToken}, {name: 'longnet-encoder'});
  }
}
tf.serialization.registerClass(LongNetEncoder);

/** What comes before the blocks, and the head. */
function ends(config: LongNetFields): {embedding: TokenEmbedding; before: VariantLayer[]; head: VariantLayer} {
  const {vocabSize, hiddenSize, learnedPositions: positions, normEpsilon: epsilon} = config;
  const scale = config.scaleEmbedding ? Math.sqrt(hiddenSize) : 1;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize, scale}, normal(hiddenSize ** -0.5));
  return {
    embedding,
    before: [
      ...(positions === null ? [] : [new OffsetPositions({name: 'positions', positions})]),
      ...(config.embeddingNorm ? [new LayerNorm({name: 'embedding_norm', epsilon})] : []),
    ],
    head: config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(hiddenSize ** -0.5)}),
  };
}

const outputNorm = ({normalization, normEpsilon: epsilon}: LongNetFields): VariantLayer[] =>
  normalization === 'pre' ? [new LayerNorm({name: 'final_norm', epsilon})] : [];

function blocksOf(config: LongNetFields, make: (options: LongNetBlockConfig & {name: string}) => VariantLayer) {
  const {numLayers, normalization, subLayerNorm} = config;
  const isDeep = normalization === 'deepnorm';
  // Magneto's gain, equation 11 of its paper, and DeepNorm's, for a stack of blocks alone.
  const initialGain = isDeep ? (8 * numLayers) ** -0.25 : subLayerNorm ? Math.sqrt(Math.log(2 * numLayers)) : 1;
  return Array.from({length: numLayers}, (_, i) =>
    make({
      ...layerConfig(config, i),
      name: `block_${i}`,
      normalization: isDeep ? 'post' : 'pre',
      residualScale: isDeep ? (2 * numLayers) ** 0.25 : 1,
      initialGain,
    }),
  );
}

/**
 * A LongNet language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function longnet(config: LongNetOptions): LongNet {
  return new LongNet(config);
}

/**
 * A LongNet encoder with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function longnetEncoder(config: LongNetEncoderOptions): LongNetEncoder {
  return new LongNetEncoder(config);
}
