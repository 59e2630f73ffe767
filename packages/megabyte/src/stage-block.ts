import * as tf from '@tensorflow/tfjs';
import {
  activation,
  CausalLayer,
  Dropout,
  type ForwardOptions,
  Linear,
  lastDimension,
  linearUniform,
  RMSNorm,
  rotaryFrequencies,
  SelfAttention,
  type StateTree,
  type StreamStep,
  uniform,
} from '@variants/core';
import {tokenShift} from './patches';

/** Options of {@link StageBlock}. */
export interface StageBlockConfig {
  /** Heads of attention. */
  numHeads: number;
  /** Features of a head. */
  headSize: number;
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Turns queries and keys by their positions. Default false. */
  rotary?: boolean;
  /** Dropout inside the feed-forward, in training. Default 0. */
  dropout?: number;
  /** Dropout on the probabilities of attention, in training. Default 0. */
  attentionDropout?: number;
  /** The longest sequence. Default: no limit. */
  maxSequenceLength?: number | null;
}

/** What a stream of a {@link StageBlock} remembers: attention's cache, and the last position of what the two shifts see. */
type StageBlockState = {attention: StateTree; toAttention: tf.Tensor; toFeedForward: tf.Tensor};

/** Under which the authors' norm does not divide: the root mean square is at least 1e-8. */
export const normEpsilon = 1e-16;

/**
 * The block of a stage's Transformer, [batch, time, hidden] to the same:
 *
 *     x = x + attention(RMS shift x);      x = x + W2 gelu(W1 RMS shift x)
 *
 * where shift gives a position half of the features of the one before it, see {@link tokenShift}. Children `attention_norm`,
 * `attention` (without biases), `feed_forward_norm`, `up`, `down`.
 */
export class StageBlock extends CausalLayer<StageBlockConfig> {
  static readonly className = 'MegabyteStageBlock';
  private attentionNorm!: RMSNorm;
  private attention!: SelfAttention;
  private feedForwardNorm!: RMSNorm;
  private up!: Linear;
  private down!: Linear;
  private dropout!: Dropout;
  private readonly activate = activation('gelu');

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {numHeads, headSize, intermediateSize, rotary = false, dropout = 0} = this.config;
    const {attentionDropout, maxSequenceLength} = this.config;
    const norm = () => new RMSNorm({epsilon: normEpsilon});
    const linear = (units: number, inputs: number) =>
      new Linear({units}, {kernel: linearUniform, bias: uniform(inputs ** -0.5)});
    this.attentionNorm = this.child('attention_norm', norm(), inputShape);
    const attention = new SelfAttention(
      {
        numHeads,
        headSize,
        useBias: false,
        rotary: rotary ? {frequencies: rotaryFrequencies(headSize), pairing: 'halves'} : null,
        dropout: attentionDropout,
        maxSequenceLength,
      },
      {projections: linearUniform, output: linearUniform},
    );
    this.attention = this.child('attention', attention, inputShape);
    this.feedForwardNorm = this.child('feed_forward_norm', norm(), inputShape);
    this.up = this.child('up', linear(intermediateSize, hiddenSize), inputShape);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), inputShape);
    this.down = this.child('down', linear(hiddenSize, intermediateSize), [null, intermediateSize]);
  }

  override get contextLength(): number | null {
    return this.attention.contextLength;
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const mixed = x.add(this.attention.forward(this.attentionNorm.forward(tokenShift(x)), options));
    return mixed.add(this.feedForward(tokenShift(mixed), options));
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as StageBlockState | null;
    const shifted = tokenShift(x, before?.toAttention);
    const found = this.attention.advance(this.attentionNorm.forward(shifted), before?.attention ?? null, options);
    const mixed = x.add(found.output);
    const output = mixed.add(this.feedForward(tokenShift(mixed, before?.toFeedForward), options));
    const next: StageBlockState = {
      attention: found.state,
      toAttention: lastOf(x),
      toFeedForward: lastOf(mixed),
    };
    return {output, state: next};
  }

  private feedForward(shifted: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const inner = this.activate(this.up.forward(this.feedForwardNorm.forward(shifted)));
    return this.down.forward(this.dropout.forward(inner, options));
  }
}
tf.serialization.registerClass(StageBlock);

/** The last position, [batch, 1, features]. */
function lastOf(x: tf.Tensor): tf.Tensor {
  const [batch, time, features] = x.shape as number[];
  return time === 1 ? x : x.slice([0, time - 1, 0], [batch, 1, features]);
}
