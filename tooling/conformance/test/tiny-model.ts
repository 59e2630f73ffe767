import * as tf from '@tensorflow/tfjs';
import {
  type CausalBlockParts,
  CausalLayer,
  CausalResidualBlock,
  type CheckpointLayout,
  type CheckpointSource,
  FeedForward,
  type Fields,
  type ForwardOptions,
  fields,
  LanguageModel,
  type LanguageModelConfig,
  LearnedPositions,
  Linear,
  lastDimension,
  loadCheckpoint,
  normal,
  type ResidualConfig,
  RMSNorm,
  resolveFields,
  type StateTree,
  type StreamStep,
  TokenEmbedding,
  withoutPadding,
} from '@variants/core';

/** y_t = mean(x_0 ... x_t) W: the smallest mixer with a memory. */
export class RunningMean extends CausalLayer {
  static readonly className: string = 'ConformanceRunningMean';
  private projection!: Linear;

  override build(inputShape: tf.Shape): void {
    const units = lastDimension(inputShape, this.path);
    this.projection = this.child('projection', new Linear({units, useBias: false}), inputShape);
  }

  advance(x: tf.Tensor, state: StateTree | null, {attentionMask}: ForwardOptions): StreamStep {
    const time = x.shape[1] as number;
    const before = state as {sum: tf.Tensor; count: tf.Tensor} | null;
    // A product with a triangle of ones, because tfjs's gradient of a sum along the second of three axes fails.
    const positions = tf.range(0, time);
    const earlier = positions.expandDims(1).greaterEqual(positions).toFloat();
    const upTo = (rows: tf.Tensor) => tf.matMul(earlier.expandDims(0), rows);
    const sums = upTo(withoutPadding(x, attentionMask)).add(before?.sum ?? 0);
    const mask = attentionMask ?? tf.ones(x.shape.slice(0, 2));
    const counts = upTo(mask.toFloat().expandDims(2)).add(before?.count ?? 0);
    const means = sums.div(counts.maximum(1));
    return {
      output: this.projection.forward(means),
      state: {sum: sums.slice([0, time - 1], [-1, 1]), count: counts.slice([0, time - 1], [-1, 1])},
    };
  }
}
tf.serialization.registerClass(RunningMean);

interface TinyBlockConfig extends ResidualConfig {
  intermediateSize: number;
}

/** A residual block around a mixer. */
class TinyBlock extends CausalResidualBlock<TinyBlockConfig> {
  static readonly className = 'ConformanceTinyBlock';

  constructor(
    config: TinyBlockConfig & {name?: string},
    private readonly makeMixer: () => CausalLayer,
  ) {
    super(config);
  }

  protected parts(): CausalBlockParts {
    const {intermediateSize} = this.config;
    return {
      mixer: this.makeMixer(),
      feedForward: new FeedForward({intermediateSize}),
      norm: () => new RMSNorm(),
    };
  }
}

export interface TinyConfig extends LanguageModelConfig {
  hiddenSize: number;
  numLayers: number;
  gain: number;
  maxSequenceLength: number | null;
}

const rules: Fields<TinyConfig> = {
  vocabSize: fields.count(),
  hiddenSize: fields.count(8),
  numLayers: fields.count(1),
  gain: fields.positive(1),
  maxSequenceLength: fields.optional(fields.count()),
  seed: fields.count(0, 0),
};

const tinyLayout: CheckpointLayout<TinyConfig> = {
  name: 'tiny',
  recognizes: () => true,
  readConfig: ({config}) => resolveFields('tiny', rules, config ?? {}),
  writeConfig: (config) => ({...config}),
  tensors: ({numLayers, maxSequenceLength}) => {
    const block = ['mixer_norm/weight', 'mixer/projection/kernel', 'feed_forward_norm/weight'].concat(
      ['up', 'down'].flatMap((part) => [`feed_forward/${part}/kernel`, `feed_forward/${part}/bias`]),
    );
    const names = [
      'embedding/table',
      ...(maxSequenceLength ? ['positions/table'] : []),
      ...Array.from({length: numLayers}, (_, i) => block.map((name) => `block_${i}/${name}`)).flat(),
      'head/kernel',
      'head/bias',
    ];
    return names.map((name) => ({theirs: name.replaceAll('/', '.'), ours: name, transpose: name.endsWith('kernel')}));
  },
};

/** What a {@link TinyModel} is made of; broken models replace parts. */
export interface TinyParts {
  mixer?: () => CausalLayer;
  embedding?: (config: TinyConfig) => TokenEmbedding;
  head?: (config: TinyConfig) => Linear;
}

/** A language model small enough to try every law on. */
export class TinyModel extends LanguageModel<TinyConfig> {
  static override readonly className: string = 'ConformanceTinyModel';
  override layout = tinyLayout;

  constructor(given: object, parts: TinyParts = {}) {
    const config = resolveFields('tiny', rules, given);
    const {vocabSize, hiddenSize, numLayers, gain, maxSequenceLength} = config;
    const mixer = parts.mixer ?? (() => new RunningMean({}));
    const block = (_: unknown, i: number) =>
      new TinyBlock({name: `block_${i}`, intermediateSize: 2 * hiddenSize, residualScale: gain}, mixer);
    const stages = [
      parts.embedding?.(config) ?? new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(1)),
      ...(maxSequenceLength ? [new LearnedPositions({name: 'positions', maxSequenceLength})] : []),
      ...Array.from({length: numLayers}, block),
      parts.head?.(config) ?? new Linear({name: 'head', units: vocabSize}),
    ];
    super(config, stages, {name: 'tiny'});
  }

  override get contextLength(): number | null {
    return this.config.maxSequenceLength;
  }
}
tf.serialization.registerClass(TinyModel);

/** Fields of a model that is good for all laws. */
export const tinyFields = {vocabSize: 9, numLayers: 2};

/** Loads a {@link TinyModel}. */
export const loadTiny = (source: CheckpointSource) =>
  loadCheckpoint(source, [tinyLayout], (config) => new TinyModel(config));
