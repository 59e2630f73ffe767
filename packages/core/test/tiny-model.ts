import * as tf from '@tensorflow/tfjs';
import type {CheckpointLayout} from '../src/checkpoints/layout';
import {type CausalBlockParts, CausalResidualBlock, type ResidualConfig} from '../src/layers';
import {CausalLayer} from '../src/layers/causal-layer';
import {TokenEmbedding} from '../src/layers/embedding';
import {FeedForward} from '../src/layers/feed-forward';
import {normal, withInitialization} from '../src/layers/initializers';
import {lastDimension} from '../src/layers/layer';
import {Linear} from '../src/layers/linear';
import {RMSNorm} from '../src/layers/norms';
import {LearnedPositions} from '../src/layers/positions';
import {LanguageModel, type LanguageModelConfig} from '../src/models/language-model';
import type {StateTree} from '../src/streams/state-tree';
import type {StreamStep} from '../src/streams/stream-state';

/** y_t = W mean(x_0 ... x_t): the smallest mixer with a memory. */
export class RunningMean extends CausalLayer {
  static readonly className = 'TestRunningMean';
  private projection!: Linear;

  override build(inputShape: tf.Shape): void {
    const units = lastDimension(inputShape, this.path);
    this.projection = this.child('projection', new Linear({units, useBias: false}), inputShape);
  }

  advance(x: tf.Tensor, state: StateTree | null): StreamStep {
    const [, time] = x.shape as number[];
    const before = state as {sum: tf.Tensor; count: number} | null;
    const count = before?.count ?? 0;
    // Over the last axis, because tfjs's gradient of cumsum is wrong for any other.
    const added = x.transpose([0, 2, 1]).cumsum(2).transpose([0, 2, 1]);
    const sums = before ? added.add(before.sum) : added;
    const means = sums.div(tf.range(count + 1, count + time + 1).reshape([1, time, 1]));
    return {
      output: this.projection.forward(means),
      state: {sum: sums.slice([0, time - 1], [-1, 1]), count: count + time},
    };
  }
}
tf.serialization.registerClass(RunningMean);

/** A residual block around a {@link RunningMean}. */
export class TinyBlock extends CausalResidualBlock<ResidualConfig> {
  static readonly className = 'TestTinyBlock';

  protected parts(): CausalBlockParts {
    return {
      mixer: new RunningMean({}),
      feedForward: new FeedForward({intermediateSize: 6}),
      norm: () => new RMSNorm(),
    };
  }
}
tf.serialization.registerClass(TinyBlock);

/** Configuration of {@link TinyModel}. */
export interface TinyConfig extends LanguageModelConfig {
  hiddenSize: number;
  numLayers: number;
  /** With it, positions are learned and the context is limited. */
  maxSequenceLength: number | null;
  dropout: number;
}

const layout: CheckpointLayout<TinyConfig> = {
  name: 'tiny',
  recognizes: () => false,
  readConfig: () => tinyConfig({}),
  writeConfig: () => ({}),
  tensors: () => [],
};

function tinyConfig(config: Partial<TinyConfig>): TinyConfig {
  return {vocabSize: 11, hiddenSize: 4, numLayers: 2, maxSequenceLength: null, dropout: 0, seed: 0, ...config};
}

/** A language model small enough to test everything that all language models share. */
export class TinyModel extends LanguageModel<TinyConfig> {
  static override readonly className = 'TestTinyModel';
  override layout = layout;

  constructor(given: Partial<TinyConfig> = {}) {
    const config = tinyConfig(given);
    const stages = withInitialization({seed: config.seed}, () => [
      new TokenEmbedding({...config, name: 'embedding'}, normal(1)),
      ...(config.maxSequenceLength
        ? [new LearnedPositions({maxSequenceLength: config.maxSequenceLength, name: 'positions'})]
        : []),
      ...Array.from({length: config.numLayers}, (_, i) => new TinyBlock({dropout: config.dropout, name: `block_${i}`})),
      new Linear({units: config.vocabSize, name: 'head'}, {kernel: normal(1)}),
    ]);
    super(config, stages, {name: 'tiny'});
  }
}
tf.serialization.registerClass(TinyModel);

/** Runs a test's body with a model and frees the model after. */
export async function withTiny(
  config: Partial<TinyConfig>,
  body: (model: TinyModel) => void | Promise<void>,
): Promise<void> {
  const model = new TinyModel(config);
  try {
    await body(model);
  } finally {
    model.dispose();
  }
}
