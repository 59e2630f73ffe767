/**
 * AFT's language model (Zhai et al. 2021, sections 5.1 and 5.2):
 *
 *     D      width (hiddenSize)        H      width of the mixers (mixerSize)
 *     F      feed-forward              L      blocks (numLayers)
 *
 *     x = table[token] [+ positions[n]];   x = x + aft(LN x);   x = x + W2 gelu(W1 LN x);   logits = LN x · W
 */
import * as tf from '@tensorflow/tfjs';
import {
  type CausalBlockParts,
  CausalResidualBlock,
  type CheckpointLayout,
  type CheckpointSource,
  FeedForward,
  LanguageModel,
  LayerNorm,
  LearnedPositions,
  Linear,
  loadCheckpoint,
  type ResidualConfig,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
} from '@variants/core';
import {languageModelLayout} from './checkpoints/language-model';
import {type AftConfig, type AftOptions, resolveAftConfig} from './config';
import {type AnyMixerConfig, createMixer} from './mixers/mixer';

/** Options of {@link AftBlock}. */
export interface AftBlockConfig extends AnyMixerConfig, Pick<ResidualConfig, 'dropout'> {
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Of the norms. Default 1e-5. */
  normEpsilon?: number;
}

/**
 * A mixer of AFT and a feed-forward, each with a norm before it and a skip connection (Zhai et al. 2021, section 5):
 *
 *     x = x + aft(norm x);      x + W2 gelu(W1 norm x)
 *
 * [batch, ..., hidden] to the same.
 */
export class AftBlock extends CausalResidualBlock<AftBlockConfig> {
  static readonly className = 'AftBlock';

  protected parts(): CausalBlockParts {
    const {intermediateSize, normEpsilon: epsilon = 1e-5} = this.config;
    return {
      mixer: createMixer({...this.config, name: 'mixer'}),
      feedForward: new FeedForward({intermediateSize, activation: 'gelu'}),
      norm: () => new LayerNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(AftBlock);

/** An AFT language model: embedding, positions, blocks, norm, head. */
export class Aft extends LanguageModel<AftConfig> {
  static override readonly className = 'Aft';
  override layout: CheckpointLayout<AftConfig> = languageModelLayout;

  constructor(config: AftOptions) {
    const complete = resolveAftConfig(config);
    super(complete, stages(complete), {name: 'aft'});
  }
}
tf.serialization.registerClass(Aft);

function stages(config: AftConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, maxSequenceLength, normEpsilon: epsilon, tieEmbedding} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize});
  const block = (_: unknown, i: number) => new AftBlock({...config, name: `block_${i}`, causal: true});
  return [
    embedding,
    ...(maxSequenceLength > 0 ? [new LearnedPositions({name: 'positions', maxSequenceLength})] : []),
    ...Array.from({length: numLayers}, block),
    new LayerNorm({name: 'final_norm', epsilon}),
    tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}),
  ];
}

/**
 * An AFT language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function aft(config: AftOptions): Aft {
  return new Aft(config);
}

/**
 * An AFT language model from a checkpoint.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's, such as `dropout`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(source: CheckpointSource, options: {config?: Partial<AftConfig>} = {}): Promise<Aft> {
  return loadCheckpoint(source, [languageModelLayout], aft, options);
}
