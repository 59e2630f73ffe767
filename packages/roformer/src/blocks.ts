import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  type CausalBlockParts,
  CausalResidualBlock,
  FeedForward,
  type ForwardOptions,
  type Initializer,
  LayerNorm,
  type LayerOptions,
  MultiHeadAttention,
  normal,
  ResidualBlock,
  type ResidualBlockParts,
  type ResidualConfig,
  RMSNorm,
  type RotaryConfig,
  SelfAttention,
  type VariantLayer,
} from '@variants/core';

/** Options of {@link RoFormerBlock}. */
export interface RoFormerBlockConfig extends Pick<ResidualConfig, 'dropout'> {
  /** Heads of attention, which divide the width. */
  numHeads: number;
  /** How queries and keys turn, and values where it says so; `scaledAngles` of core makes the frequencies. */
  rotary: RotaryConfig;
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'gelu'. */
  activation?: Activation;
  /** 'rms', as RoFormer-V2: RMSNorm without a weight. Default 'layer'. */
  norm?: 'layer' | 'rms';
  /** Epsilon of the norms. Default 1e-12. */
  normEpsilon?: number;
  /** Biases in attention and feed-forward. Default true. */
  useBias?: boolean;
  /** Dropout of attention's probabilities. Default 0. */
  attentionDropout?: number;
  /** Blocks of the model, by whose root RoFormer-V2's first weights are smaller. Default 1. */
  numLayers?: number;
}

/** The mixer's options of a block's. */
const attentionOf = ({numHeads, rotary, useBias, attentionDropout: dropout}: RoFormerBlockConfig) => ({
  numHeads,
  rotary,
  useBias,
  dropout,
});

/**
 * How RoFormer-V2 draws a matrix [in, out], here by its inputs: normal with the deviation 1 / sqrt(in · blocks), which the
 * authors' cut of the tails, at 2, does not reach; the factor is what their Keras code makes up for it.
 */
const ofSecondVersion =
  (numLayers: number): Initializer =>
  (shape, random) =>
    normal(1.13684723 / Math.sqrt(shape[0] * numLayers))(shape, random);

/** How matrices are first drawn. */
export const matrixInitializer = ({norm = 'layer', numLayers = 1}: Pick<RoFormerBlockConfig, 'norm' | 'numLayers'>) =>
  norm === 'rms' ? ofSecondVersion(numLayers) : normal(0.02);

/** The parts of a block around either kind of attention. */
function partsAround<Mixer extends VariantLayer>(mixer: Mixer, config: RoFormerBlockConfig): ResidualBlockParts<Mixer> {
  const {intermediateSize, activation, useBias, norm = 'layer', normEpsilon: epsilon = 1e-12} = config;
  const kernel = matrixInitializer(config);
  return {
    mixer,
    feedForward: new FeedForward({intermediateSize, activation, useBias}, {up: kernel, down: kernel}),
    norm: () => (norm === 'rms' ? new RMSNorm({epsilon, useWeight: false}) : new LayerNorm({epsilon})),
  };
}

const initializersOf = (config: RoFormerBlockConfig) => ({
  projections: matrixInitializer(config),
  output: matrixInitializer(config),
});

/**
 * A block of RoFormer, [batch, time, hidden] to the same: BERT's, whose queries and keys are turned by their positions,
 *
 *     x = norm(x + attention x);      x = norm(x + W_2 gelu(W_1 x))
 *
 * Takes `attentionMask`, which tells what is padding. See `ResidualBlock` for its children.
 */
export class RoFormerBlock extends ResidualBlock<RoFormerBlockConfig & ResidualConfig> {
  static readonly className = 'RoFormerBlock';
  private attention!: MultiHeadAttention;

  constructor(config: RoFormerBlockConfig & LayerOptions) {
    super({...config, normalization: 'post'});
  }

  protected parts(): ResidualBlockParts {
    this.attention = new MultiHeadAttention(attentionOf(this.config), initializersOf(this.config));
    return partsAround(this.attention, this.config);
  }

  /** How much of each value every query takes, without dropout: [batch, heads, time, time]. */
  attentionWeights(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.attention.attentionWeights(x, this.attention.keysAndValues(x).keys, options);
  }
}
tf.serialization.registerClass(RoFormerBlock);

/** Options of {@link CausalRoFormerBlock}. */
export interface CausalRoFormerBlockConfig extends RoFormerBlockConfig {
  /** The longest sequence. Default: no limit. */
  maxSequenceLength?: number | null;
}

/** A {@link RoFormerBlock} whose positions see themselves and those before, or all of a prompt (`ForwardOptions.prefix`). */
export class CausalRoFormerBlock extends CausalResidualBlock<CausalRoFormerBlockConfig & ResidualConfig> {
  static readonly className = 'CausalRoFormerBlock';

  constructor(config: CausalRoFormerBlockConfig & LayerOptions) {
    super({...config, normalization: 'post'});
  }

  protected parts(): CausalBlockParts {
    const {maxSequenceLength} = this.config;
    const options = {...attentionOf(this.config), maxSequenceLength};
    return partsAround(new SelfAttention(options, initializersOf(this.config)), this.config);
  }
}
tf.serialization.registerClass(CausalRoFormerBlock);
