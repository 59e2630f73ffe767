import * as tf from '@tensorflow/tfjs';
import {
  type CausalBlockParts,
  type CausalLayer,
  CausalResidualBlock,
  type CheckpointLayout,
  Dropout,
  FeedForward,
  type Initializer,
  LanguageModel,
  LayerNorm,
  LearnedPositions,
  Linear,
  normal,
  type ResidualConfig,
  SelfAttention,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
} from '@variants/core';
import {huggingFace} from './checkpoints/huggingface';
import {safari} from './checkpoints/safari';
import {type HyenaBackboneConfig, type HyenaConfig, type HyenaOptions, resolveHyenaConfig} from './config';
import {DistilledOperator, type DistilledOperatorConfig} from './distillation/distilled-operator';
import {HyenaOperator, type HyenaOperatorConfig} from './hyena-operator';

/** A mixer that is attention. */
interface AttentionConfig {
  attentionHeads: number;
  maxSequenceLength: number;
}

/** Options of {@link HyenaBlock}. */
export interface HyenaBlockConfig extends Pick<ResidualConfig, 'dropout'> {
  /** The mixer: an operator, a distilled one, or attention with so many heads. */
  mixer: HyenaOperatorConfig | DistilledOperatorConfig | AttentionConfig;
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Epsilon of the norms. Default 1e-5. */
  normEpsilon?: number;
  /** Layers of the model, which the first output weights shrink with. Default 1. */
  numLayers?: number;
}

/**
 * A Hyena operator, or attention, and a feed-forward, each with a norm and a skip connection:
 *
 *     x = x + mixer(norm x);      x + W_2 gelu(W_1 norm x)
 */
export class HyenaBlock extends CausalResidualBlock<HyenaBlockConfig> {
  static readonly className = 'HyenaBlock';

  /** Its operator, if that is its mixer and not a distilled one; known when the block was built. */
  operator: HyenaOperator | undefined;

  protected parts(): CausalBlockParts {
    const {intermediateSize, normEpsilon: epsilon, numLayers = 1} = this.config;
    const [inner, outer] = [normal(0.02), normal(0.02 / Math.sqrt(2 * numLayers))];
    const mixer = makeMixer(this.config.mixer, inner, outer);
    if (mixer instanceof HyenaOperator) this.operator = mixer;
    return {
      mixer,
      feedForward: new FeedForward({intermediateSize, activation: 'geluTanh'}, {up: inner, down: outer}),
      norm: () => new LayerNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(HyenaBlock);

function makeMixer(config: HyenaBlockConfig['mixer'], projections: Initializer, output: Initializer): CausalLayer {
  if ('attentionHeads' in config) {
    const {attentionHeads: numHeads, maxSequenceLength} = config;
    return new SelfAttention({numHeads, maxSequenceLength, fused: true}, {projections, output});
  }
  if ('stateSize' in config) return new DistilledOperator(config, {projections, output});
  return new HyenaOperator(config, {projections, output, filter: projections});
}

/** A Hyena language model: embedding, blocks, norm, head. */
export class Hyena extends LanguageModel<HyenaConfig> {
  static override readonly className = 'Hyena';
  override layout: CheckpointLayout<HyenaConfig>;

  constructor(config: HyenaOptions) {
    const complete = resolveHyenaConfig(config);
    super(complete, stages(complete), {name: 'hyena'});
    this.layout = complete.tieEmbedding ? safari : huggingFace;
  }
}
tf.serialization.registerClass(Hyena);

/** The layers of a language model in order. */
export function stages(config: HyenaConfig): VariantLayer[] {
  const {vocabSize, tieEmbedding} = config;
  const [embedding, ...rest] = backbone(config);
  const head = tieEmbedding
    ? new TiedHead(embedding, {name: 'head'})
    : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)});
  return [embedding, ...rest, head];
}

/** The layers from token ids to what heads take: embedding, blocks, norm. The first is the embedding. */
export function backbone(config: HyenaBackboneConfig): [TokenEmbedding, ...VariantLayer[]] {
  const {vocabSize, hiddenSize, numLayers, maxPositions, embeddingDropout: rate, finalNormEpsilon: epsilon} = config;
  const block = (_: unknown, i: number) =>
    new HyenaBlock({...config, name: `block_${i}`, mixer: mixerConfig(config, i)});
  return [
    new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02)),
    ...(maxPositions > 0 ? [new LearnedPositions({name: 'positions', maxSequenceLength: maxPositions})] : []),
    ...(rate > 0 ? [new Dropout({name: 'embedding_dropout', rate})] : []),
    ...Array.from({length: numLayers}, block),
    new LayerNorm({name: 'final_norm', epsilon}),
  ];
}

function mixerConfig(config: HyenaBackboneConfig, layer: number): HyenaBlockConfig['mixer'] {
  const {attentionLayers, numAttentionHeads: attentionHeads, maxSequenceLength, operatorDropout: dropout} = config;
  // A distilled model's configuration has a stateSize, and so have its operators'.
  return attentionLayers.includes(layer) ? {attentionHeads, maxSequenceLength} : {...config, dropout};
}

/**
 * A Hyena language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function hyena(config: HyenaOptions): Hyena {
  return new Hyena(config);
}
