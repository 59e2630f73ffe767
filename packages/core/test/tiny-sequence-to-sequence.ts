import * as tf from '@tensorflow/tfjs';
import type {CheckpointLayout} from '../src/checkpoints/layout';
import {DecoderLayer} from '../src/layers/decoder-layer';
import {TokenEmbedding} from '../src/layers/embedding';
import {normal} from '../src/layers/initializers';
import {type ForwardOptions, lastDimension, VariantLayer} from '../src/layers/layer';
import {Linear} from '../src/layers/linear';
import {SinusoidalPositions} from '../src/layers/positions';
import {SequenceToSequence, type SequenceToSequenceConfig} from '../src/models/sequence-to-sequence';
import type {StateTree} from '../src/streams/state-tree';
import type {StreamStep} from '../src/streams/stream-state';

/** The mask [batch, time], or ones, as [batch, time, 1]. */
const weightsOf = (x: tf.Tensor, mask?: tf.Tensor) => (mask ?? tf.ones(x.shape.slice(0, 2))).expandDims(2);

/** y_t = x_t + W mean(x), padding left out: the smallest encoder that sees everything. */
class MeanEncoder extends VariantLayer {
  static readonly className = 'TestMeanEncoder';
  private projection!: Linear;

  override build(inputShape: tf.Shape): void {
    const units = lastDimension(inputShape, this.path);
    this.projection = this.child('projection', new Linear({units}, {kernel: normal(1)}), inputShape);
  }

  forward(x: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor {
    const weights = weightsOf(x, attentionMask);
    return x.add(this.projection.forward(x.mul(weights).sum(1, true).div(weights.sum(1, true))));
  }
}
tf.serialization.registerClass(MeanEncoder);

type DecoderState = {memory: tf.Tensor; sum: tf.Tensor | null};

/** y_t = x_t + W sum(x_0 ... x_t) + V sum(memory), padding left out: the smallest decoder with a memory of both. */
class SumDecoder extends DecoderLayer {
  static readonly className = 'TestSumDecoder';
  private own!: Linear;
  private cross!: Linear;

  override build(inputShape: tf.Shape): void {
    const units = lastDimension(inputShape, this.path);
    this.own = this.child('own', new Linear({units}, {kernel: normal(1)}), inputShape);
    this.cross = this.child('cross', new Linear({units}, {kernel: normal(1)}), inputShape);
  }

  begin(memory: tf.Tensor): StateTree {
    return {memory: this.cross.forward(memory), sum: null};
  }

  advance(x: tf.Tensor, state: StateTree, {attentionMask, carried}: ForwardOptions): StreamStep {
    const {memory, sum: before} = state as DecoderState;
    const counted = x.mul(weightsOf(x, attentionMask));
    const sums = before ? counted.cumsum(1).add(before) : counted.cumsum(1);
    const [, time] = x.shape as number[];
    return {
      output: x.add(this.own.forward(sums)).add(memory.mul(weightsOf(memory, carried?.memoryMask)).sum(1, true)),
      state: {memory, sum: sums.slice([0, time - 1], [-1, 1])},
    };
  }
}
tf.serialization.registerClass(SumDecoder);

/** Configuration of {@link TinySequenceToSequence}. */
export interface TinySequenceConfig extends SequenceToSequenceConfig {
  shareEmbeddings: boolean;
  maxSequenceLength: number | null;
}

const defaults: TinySequenceConfig = {
  sourceVocabSize: 7,
  targetVocabSize: 6,
  padToken: 0,
  labelSmoothing: 0,
  seed: 0,
  shareEmbeddings: false,
  maxSequenceLength: null,
};

const layout: CheckpointLayout<TinySequenceConfig> = {
  name: 'tiny',
  recognizes: () => false,
  readConfig: () => defaults,
  writeConfig: () => ({}),
  tensors: () => [],
};

/** An encoder-decoder small enough to test everything that all of them share. */
export class TinySequenceToSequence extends SequenceToSequence<TinySequenceConfig> {
  static override readonly className = 'TestTinySequenceToSequence';
  override layout = layout;

  constructor(given: Partial<TinySequenceConfig> = {}) {
    const config = {...defaults, ...given};
    const {sourceVocabSize, targetVocabSize, shareEmbeddings} = config;
    const embedding = (name: string, vocabSize: number) =>
      new TokenEmbedding({name, vocabSize, hiddenSize: 4}, normal(1));
    const source = embedding('source_embedding', sourceVocabSize);
    const target = shareEmbeddings ? source : embedding('target_embedding', targetVocabSize);
    const layers = {
      encoder: [source, new SinusoidalPositions({name: 'source_positions'}), new MeanEncoder({name: 'encoder'})],
      decoder: [target, new SinusoidalPositions({name: 'target_positions'}), new SumDecoder({name: 'decoder'})],
      head: new Linear({name: 'head', units: targetVocabSize}, {kernel: normal(1)}),
    };
    super(config, layers, {name: 'tiny'});
  }

  override get contextLength(): number | null {
    return this.config.maxSequenceLength;
  }
}
tf.serialization.registerClass(TinySequenceToSequence);

/** Runs a test's body with a model and frees the model after. */
export async function withTinySequences(
  config: Partial<TinySequenceConfig>,
  body: (model: TinySequenceToSequence) => void | Promise<void>,
): Promise<void> {
  const model = new TinySequenceToSequence(config);
  try {
    await body(model);
  } finally {
    model.dispose();
  }
}
