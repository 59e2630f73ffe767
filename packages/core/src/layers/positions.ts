import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../errors';
import {embeddingLookup} from '../kernels/embedding-lookup';
import type {StateTree} from '../models/state-tree';
import type {Advanced} from '../models/stream-state';
import {CausalLayer} from './causal-layer';
import {normal} from './initializers';
import {type ForwardOptions, type LayerOptions, lastDimension} from './layer';

/**
 * The position of each token, [batch or 1, time] int32: `start`, `start + 1`, ... Padding (mask 0) on the left of a row
 * takes no position; it shares the first.
 * @param start The position of the first token: a number or, where rows differ, [batch, 1].
 */
export function tokenPositions(time: number, start: number | tf.Tensor, attentionMask?: tf.Tensor): tf.Tensor2D {
  return tf.tidy(() => {
    const steps = attentionMask
      ? attentionMask.toFloat().cumsum(1).sub(1)
      : tf.range(0, time, 1, 'float32').expandDims(0);
    return steps.add(start).relu().toInt() as tf.Tensor2D;
  });
}

/** The position that follows those of {@link tokenPositions}: a number or, where rows are padded, [batch, 1]. */
export function positionAfter(time: number, start: number | tf.Tensor, attentionMask?: tf.Tensor): number | tf.Tensor {
  if (attentionMask) return tf.tidy(() => attentionMask.toFloat().sum(1, true).add(start));
  return typeof start === 'number' ? start + time : start.add(time);
}

/** Options of {@link LearnedPositions}. */
export interface LearnedPositionsConfig {
  /** The longest sequence there are positions for. */
  maxSequenceLength: number;
}

/** Adds a learned vector per position to its input [batch, time, hidden]. Weight `table` [positions, hidden]. */
export class LearnedPositions extends CausalLayer<LearnedPositionsConfig> {
  static readonly className = 'VariantsLearnedPositions';
  private table!: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const shape = [this.config.maxSequenceLength, lastDimension(inputShape, this.path)];
    this.table = this.weight('table', shape, normal(0.02));
    this.built = true;
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.advance(x, null, options).output;
  }

  advance(x: tf.Tensor, state: StateTree | null, {attentionMask}: ForwardOptions): Advanced {
    const {length, position} = (state ?? {length: 0, position: 0}) as {length: number; position: number | tf.Tensor};
    const time = x.shape[1] as number;
    const {maxSequenceLength} = this.config;
    if (length + time > maxSequenceLength)
      throw new ShapeError(
        `${this.path}: a sequence of ${length + time} tokens is longer than maxSequenceLength ${maxSequenceLength}; cut it or start a new stream`,
      );
    const output = x.add(embeddingLookup(this.table.read(), tokenPositions(time, position, attentionMask)));
    return {output, state: {length: length + time, position: positionAfter(time, position, attentionMask)}};
  }
}
tf.serialization.registerClass(LearnedPositions);

/** The sinusoids of Vaswani et al. 2017, section 3.5: PE[n, 2i] = sin(n 10000^(-2i/hidden)), PE[n, 2i+1] = cos of the same. [time, hidden] */
export function sinusoids(start: number, time: number, hiddenSize: number): tf.Tensor2D {
  const values = new Float32Array(time * hiddenSize);
  for (let n = 0; n < time; n++)
    for (let i = 0; i < hiddenSize; i++) {
      const angle = (start + n) * 10000 ** (-(i - (i % 2)) / hiddenSize);
      values[n * hiddenSize + i] = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  return tf.tensor2d(values, [time, hiddenSize]);
}

/** Adds {@link sinusoids} to its input [batch, time, hidden]. No weights, any length. Padding counts as positions do. */
export class SinusoidalPositions extends CausalLayer {
  static readonly className = 'VariantsSinusoidalPositions';

  constructor(config: LayerOptions = {}) {
    super(config);
  }

  override build(): void {
    this.built = true;
  }

  forward(x: tf.Tensor): tf.Tensor {
    return this.advance(x, null).output;
  }

  advance(x: tf.Tensor, state: StateTree | null): Advanced {
    const position = (state as number | null) ?? 0;
    const [, time, hiddenSize] = x.shape as number[];
    return {output: x.add(sinusoids(position, time, hiddenSize)), state: position + time};
  }
}
tf.serialization.registerClass(SinusoidalPositions);
