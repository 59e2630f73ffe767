import * as tf from '@tensorflow/tfjs';
import {
  type CausalBlockParts,
  CausalResidualBlock,
  type CheckpointLayout,
  type ForwardOptions,
  LanguageModel,
  LayerNorm,
  Linear,
  normal,
  type ResidualConfig,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
} from '@variants/core';
import {causalLayout} from './checkpoints/causal';
import {type MonarchMixerConfig, type MonarchMixerOptions, resolveMonarchMixerConfig} from './config';
import {MonarchFeedForward, type MonarchFeedForwardConfig} from './feed-forward';
import {SequenceMixer, type SequenceMixerConfig} from './sequence-mixer';

/** Options of {@link MonarchBlock}. */
export interface MonarchBlockConfig
  extends Omit<SequenceMixerConfig, 'bidirectional' | 'trainingAdditions'>,
    MonarchFeedForwardConfig,
    ResidualConfig {
  /** Of the norms. Default 1e-5. */
  normEpsilon?: number;
}

/**
 * Both mixers, each with a norm and a skip connection, as a GPT has attention and feed-forward:
 *
 *     y = x + sequenceMixer(norm x);      y + feedForward(norm y)
 */
export class MonarchBlock extends CausalResidualBlock<MonarchBlockConfig> {
  static readonly className = 'MonarchBlock';
  /** The longest sequence that it was trained on, 0 before. */
  trainedLength = 0;

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    if (options.training) this.trainedLength = Math.max(this.trainedLength, x.shape[1] as number);
    return super.forward(x, options);
  }

  protected parts(): CausalBlockParts {
    const {intermediateSize, numBlocks, gated, normEpsilon: epsilon = 1e-5, dropout: _, ...mixer} = this.config;
    return {
      mixer: new SequenceMixer(mixer),
      feedForward: new MonarchFeedForward({intermediateSize, numBlocks, gated}),
      norm: () => new LayerNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(MonarchBlock);

/**
 * A causal Monarch Mixer: embedding, blocks, norm, head.
 *
 * Taps of its filters beyond the longest sequence of its training are what the filters' network happens to give, so `generate`
 * lets a model see no more tokens than that, the last ones, from position 0 on, as beyond the end of a context. `stream` and
 * `logits` take up to maxSequenceLength.
 */
export class MonarchMixer extends LanguageModel<MonarchMixerConfig> {
  static override readonly className = 'MonarchMixer';
  override layout: CheckpointLayout<MonarchMixerConfig> = causalLayout;

  constructor(options: MonarchMixerOptions) {
    const config = resolveMonarchMixerConfig(options);
    super(config, stages(config), {name: 'monarch-mixer'});
  }

  /**
   * The longest sequence that it was trained on by `train` or `fit`, here or before it was saved by `save`; null where that is
   * not known. May be set, as for weights that were read from a checkpoint.
   */
  override get trainedLength(): number | null {
    return Math.max(...this.blocks.map((block) => block.trainedLength)) || null;
  }

  override set trainedLength(length: number | null) {
    for (const block of this.blocks) block.trainedLength = length ?? 0;
  }

  private get blocks(): MonarchBlock[] {
    return this.layers.filter((layer) => layer instanceof MonarchBlock);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const {trainedLength} = this;
    return {...super.getConfig(), ...(trainedLength !== null && {trainedLength})};
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    {trainedLength, ...config}: tf.serialization.ConfigDict,
  ): T {
    const model = LanguageModel.fromConfig(cls, config);
    if (typeof trainedLength === 'number') (model as unknown as MonarchMixer).trainedLength = trainedLength;
    return model;
  }
}
tf.serialization.registerClass(MonarchMixer);

function stages(config: MonarchMixerConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, tieEmbedding, normEpsilon: epsilon} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize});
  return [
    embedding,
    ...Array.from({length: numLayers}, (_, i) => new MonarchBlock({...config, name: `block_${i}`})),
    new LayerNorm({name: 'final_norm', epsilon}),
    tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A causal Monarch Mixer with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function monarchMixer(config: MonarchMixerOptions): MonarchMixer {
  return new MonarchMixer(config);
}
