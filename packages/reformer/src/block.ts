import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  CausalLayer,
  Dropout,
  type ForwardOptions,
  firstShape,
  LayerNorm,
  lastDimension,
  type Random,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {ChunkedFeedForward} from './feed-forward';
import type {BucketCount} from './hashing';
import type {ChunkedAttentionConfig} from './heads';
import {LocalAttention} from './local-attention-layer';
import {LshAttention} from './lsh-attention-layer';
import type {ReversibleLayer} from './reversible';

/** The two kinds of attention. */
export const attentionTypes = ['local', 'lsh'] as const;

/** 'local': chunks of consecutive positions; 'lsh': chunks of positions with near hash buckets. */
export type AttentionType = (typeof attentionTypes)[number];

/** Options of {@link ReformerBlock}. */
export interface ReformerBlockConfig extends ChunkedAttentionConfig {
  /** Which attention it has. */
  attentionType: AttentionType;
  /** Of 'lsh' alone, see `LshAttentionConfig`. */
  numBuckets?: BucketCount;
  /** Of 'lsh' alone. Default 1. */
  numHashes?: number;
  /** Of 'lsh' alone. Default: drawn anew in training. */
  hashSeed?: number;
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Default 'relu'. */
  activation?: Activation;
  /** Positions that the feed-forward works on at a time; 0: all. Default 0. */
  feedForwardChunkLength?: number;
  /** Epsilon of the norms. Default 1e-12. */
  normEpsilon?: number;
  /** Dropout behind attention, and in and behind the feed-forward. Default 0. */
  dropout?: number;
}

/**
 * A reversible layer on two streams side by side, [batch, time, 2 hidden] to the same:
 *
 *     y1 = x1 + attention(norm x2);      y2 = x2 + feedForward(norm y1)
 *
 * Children `attention_norm`, `attention`, `feed_forward_norm`, `feed_forward`.
 */
export class ReformerBlock extends CausalLayer<ReformerBlockConfig> {
  static readonly className = 'ReformerBlock';
  private attentionNorm!: LayerNorm;
  /** For looking at its buckets. */
  attention!: LocalAttention | LshAttention;
  private feedForwardNorm!: LayerNorm;
  private feedForward!: ChunkedFeedForward;
  private dropout!: Dropout;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const hiddenSize = lastDimension(firstShape(inputShape), this.path) / 2;
    const {normEpsilon: epsilon = 1e-12, dropout = 0, intermediateSize, activation} = this.config;
    const shape = [null, null, hiddenSize];
    const norm = () => new LayerNorm({epsilon});
    this.attentionNorm = this.child('attention_norm', norm(), shape);
    this.attention = this.child('attention', attentionOf(this.config), shape);
    this.feedForwardNorm = this.child('feed_forward_norm', norm(), shape);
    const chunkLength = this.config.feedForwardChunkLength;
    const feedForward = new ChunkedFeedForward({intermediateSize, activation, chunkLength, dropout});
    this.feedForward = this.child('feed_forward', feedForward, shape);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), shape);
  }

  /**
   * Its two branches, which can be run again to the same: dropout draws what it drew the first time.
   * @param options How they run; the first of a branch's constants is the attention mask, where there is one.
   */
  branches(options: ForwardOptions): ReversibleLayer {
    const weights = (...layers: {weightsInUse: tf.LayerVariable[]}[]) =>
      layers.flatMap(({weightsInUse}) => weightsInUse.map((weight) => weight.read()));
    const again = replayed(options.random);
    const [f, g] = [again(), again()];
    return {
      f: {
        weights: weights(this.attentionNorm, this.attention),
        run: (x, kept, [attentionMask]) =>
          f(kept, (random) => this.attend(x, {...options, attentionMask, random}, kept)),
      },
      g: {
        weights: weights(this.feedForwardNorm, this.feedForward),
        run: (x, kept) => g(kept, (random) => ({output: this.feed(x, {...options, random}), kept: []})),
      },
    };
  }

  private attend(x: tf.Tensor, options: ForwardOptions, kept: readonly tf.Tensor[] | null) {
    const {output, kept: own} = this.attention.attend(this.attentionNorm.forward(x), options, kept);
    return {output: this.dropout.forward(output, options), kept: own};
  }

  private feed(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.feedForward.forward(this.feedForwardNorm.forward(x), options);
  }

  /** The buckets of its second stream [batch, time, hidden]; null where its attention hashes nothing. */
  bucketsOf(x2: tf.Tensor, options: ForwardOptions): tf.Tensor | null {
    return this.attention instanceof LshAttention
      ? this.attention.bucketsOf(this.attentionNorm.forward(x2), options)
      : null;
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const [x1, x2] = tf.split(x, 2, -1);
    const y1 = x1.add(this.attend(x2, options, null).output);
    return tf.concat([y1, x2.add(this.feed(y1, options))], -1);
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const [x1, x2] = tf.split(x, 2, -1);
    const step = this.attention.advance(this.attentionNorm.forward(x2), state, options);
    const y1 = x1.add(step.output);
    return {output: tf.concat([y1, x2.add(this.feed(y1, options))], -1), state: step.state};
  }
}
tf.serialization.registerClass(ReformerBlock);

function attentionOf(config: ReformerBlockConfig): LocalAttention | LshAttention {
  const {attentionType, numBuckets, numHashes, hashSeed} = config;
  const {numHeads, headSize, chunkLength, chunksBefore, chunksAfter, causal, multiple, unpadded} = config;
  const shared = {numHeads, headSize, chunkLength, chunksBefore, chunksAfter, causal, multiple, unpadded};
  return attentionType === 'local'
    ? new LocalAttention(shared)
    : new LshAttention({...shared, numBuckets, numHashes, hashSeed});
}

/** Makes functions that run something with the generator, and again with what that was the first time. */
function replayed(random: Random | undefined) {
  return () => {
    let before: Random | undefined;
    return <Result>(kept: readonly tf.Tensor[] | null, run: (random: Random | undefined) => Result): Result => {
      if (kept === null) before = random?.clone();
      return run(kept === null ? random : before?.clone());
    };
  };
}
