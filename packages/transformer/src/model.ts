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
import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  type CausalBlockParts,
  CausalResidualBlock,
  type CheckpointLayout,
  Dropout,
  FeedForward,
  LanguageModel,
  LayerNorm,
  LearnedPositions,
  Linear,
  normal,
  type ResidualConfig,
  RMSNorm,
  SelfAttention,
  type SelfAttentionConfig,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
} from '@variants/core';
import {layouts} from './checkpoints';
import {countParameters, resolveTransformerConfig, type TransformerConfig, type TransformerOptions} from './config';
import {scaledFrequencies} from './rope-scaling';

/** Options of {@link TransformerBlock}. */
export interface TransformerBlockConfig extends ResidualConfig {
  /** Options of the mixer, which is core's SelfAttention. */
  attention: SelfAttentionConfig;
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'gelu'. */
  activation?: Activation;
  /** Gated feed-forward and RMSNorm, as in LLaMA. Default false: GPT-2's. */
  gated?: boolean;
  /** Biases in the feed-forward. Default true. */
  feedForwardBias?: boolean;
  /** Biases in the norms, unless gated. Default true. */
  normBias?: boolean;
  /** Epsilon of the norms. Default 1e-5. */
  normEpsilon?: number;
  /** Blocks of the model, by whose root the first output projections are smaller. Default 1. */
  numLayers?: number;
}

/** Attention and a feed-forward, each with a norm before it and a skip connection: x = x + attention(norm x); x = x + ff(norm x). */
export class TransformerBlock extends CausalResidualBlock<TransformerBlockConfig> {
  static readonly className = 'TransformerBlock';

  protected parts(): CausalBlockParts {
    const {
      attention,
      intermediateSize,
      activation,
      gated = false,
      feedForwardBias: useBias,
      numLayers = 1,
    } = this.config;
    const {normEpsilon: epsilon = 1e-5, normBias} = this.config;
    const inner = normal(0.02);
    const output = normal(0.02 / Math.sqrt(2 * numLayers));
    return {
      mixer: new SelfAttention(attention, {projections: inner, output}),
      feedForward: new FeedForward(
        {intermediateSize, activation, gated, useBias},
        {up: inner, gate: inner, down: output},
      ),
      norm: () => makeNorm(gated, epsilon, normBias),
    };
  }
}
tf.serialization.registerClass(TransformerBlock);

function makeNorm(rms: boolean, epsilon: number, useBias?: boolean, name?: string): VariantLayer {
  return rms ? new RMSNorm({name, epsilon}) : new LayerNorm({name, epsilon, useBias});
}

/** A decoder-only Transformer language model: embedding, blocks, norm, head. */
export class Transformer extends LanguageModel<TransformerConfig> {
  static override readonly className = 'Transformer';
  override layout: CheckpointLayout<TransformerConfig>;

  constructor(config: TransformerOptions) {
    const complete = resolveTransformerConfig(config);
    super(complete, stages(complete), {
      name: 'transformer',
      parameters: countParameters(complete),
      beyondStates: ['layout'],
    });
    this.layout = layouts[complete.layout];
  }
}
tf.serialization.registerClass(Transformer);

function attentionConfig(config: TransformerConfig, layer: number): SelfAttentionConfig {
  const {numHeads, numKeyValueHeads, headSize, attentionBias, maxSequenceLength, dropout} = config;
  const scale = (config.scaleAttention ? headSize ** -0.5 : 1) / (config.scaleAttentionByLayer ? layer + 1 : 1);
  const frequencies = () => scaledFrequencies(headSize, config.rotaryBase, config.ropeScaling);
  return {
    numHeads,
    numKeyValueHeads,
    headSize,
    useBias: attentionBias,
    fused: config.family === 'gpt2',
    scale,
    rotary: config.family === 'llama' ? {frequencies: frequencies(), pairing: config.rotaryPairing} : null,
    maxSequenceLength,
    dropout,
  };
}

function stages(config: TransformerConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon, normBias, dropout, maxSequenceLength} = config;
  const gated = config.family === 'llama';
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  const block = (_: unknown, i: number) =>
    new TransformerBlock({...config, name: `block_${i}`, gated, attention: attentionConfig(config, i)});
  return [
    embedding,
    ...(gated ? [] : [new LearnedPositions({name: 'positions', maxSequenceLength: maxSequenceLength as number})]),
    ...(dropout > 0 ? [new Dropout({name: 'embedding_dropout', rate: dropout})] : []),
    ...Array.from({length: numLayers}, block),
    makeNorm(gated, normEpsilon, normBias, 'final_norm'),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A decoder-only Transformer language model with fresh weights, LLaMA style unless `family` says 'gpt2'.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function transformer(config: TransformerOptions): Transformer {
  return new Transformer(config);
}
