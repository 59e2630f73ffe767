import * as tf from '@tensorflow/tfjs';
import {
  type CausalBlockParts,
  CausalLayer,
  CausalResidualBlock,
  type CheckpointLayout,
  FeedForward,
  LanguageModel,
  type LanguageModelConfig,
  Linear,
  lastDimension,
  normal,
  type ResidualConfig,
  RMSNorm,
  type StateTree,
  type StreamStep,
  TiedHead,
  TokenEmbedding,
  withInitialization,
} from '@variants/core';

/** y_t = W (x_0 + ... + x_t): the smallest mixer with a memory. */
class RunningSum extends CausalLayer {
  static readonly className = 'TrainTestRunningSum';
  private projection!: Linear;

  override build(inputShape: tf.Shape): void {
    const units = lastDimension(inputShape, this.path);
    this.projection = this.child('projection', new Linear({units}), inputShape);
  }

  advance(x: tf.Tensor, state: StateTree | null): StreamStep {
    const [batch, time] = x.shape as number[];
    // tfjs's cumsum has a wrong gradient for all axes but the last.
    const earlier = tf.linalg.bandPart(tf.ones([batch, time, time]), -1, 0);
    const fresh = tf.matMul(earlier, x);
    const sums = state ? fresh.add(state as tf.Tensor) : fresh;
    const last = sums.slice([0, time - 1], [-1, 1]);
    return {output: this.projection.forward(sums), state: last};
  }
}
tf.serialization.registerClass(RunningSum);

/** A residual block around a running sum. */
export class TinyBlock extends CausalResidualBlock<ResidualConfig> {
  static readonly className = 'TrainTestBlock';

  protected parts(): CausalBlockParts {
    return {
      mixer: new RunningSum({}),
      feedForward: new FeedForward({intermediateSize: 6}),
      norm: () => new RMSNorm(),
    };
  }
}
tf.serialization.registerClass(TinyBlock);

export interface TinyConfig extends LanguageModelConfig {
  hiddenSize: number;
  numLayers: number;
  dropout: number;
  tied: boolean;
  contextLength: number | null;
}

/** A language model small enough to train hundreds of steps in a test. */
export class TinyModel extends LanguageModel<TinyConfig> {
  static override readonly className = 'TrainTestModel';
  override layout: CheckpointLayout<TinyConfig> = {
    name: 'tiny',
    recognizes: () => true,
    readConfig: ({config}) => config as unknown as TinyConfig,
    writeConfig: (config) => ({...config}),
    tensors: () => this.weights.map(({originalName}) => ({theirs: originalName, ours: originalName})),
  };

  constructor(given: Partial<TinyConfig> = {}) {
    const defaults = {vocabSize: 7, hiddenSize: 4, numLayers: 2, dropout: 0, tied: true, contextLength: null, seed: 0};
    const config: TinyConfig = {...defaults, ...given};
    const {vocabSize, hiddenSize, numLayers, dropout} = config;
    const stages = withInitialization({seed: config.seed}, () => {
      const embedding = new TokenEmbedding({vocabSize, hiddenSize, name: 'embedding'}, normal(1));
      const blocks = Array.from({length: numLayers}, (_, i) => new TinyBlock({dropout, name: `block_${i}`}));
      const head = config.tied
        ? new TiedHead(embedding, {name: 'head'})
        : new Linear({units: vocabSize, name: 'head'}, {kernel: normal(1)});
      return [embedding, ...blocks, head];
    });
    super(config, stages, {name: 'tiny'});
  }

  override get contextLength(): number | null {
    return this.config.contextLength;
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

/** All weights as one list of numbers. */
export function valuesOf(model: tf.LayersModel): number[] {
  return model.weights.flatMap((weight) => Array.from(weight.read().dataSync()));
}
