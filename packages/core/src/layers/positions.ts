import * as tf from '@tensorflow/tfjs';
import {requireOptionalTensors} from '../arguments';
import {embeddingLookup} from '../kernels/embedding-lookup';
import {rotaryTables} from '../kernels/rotary-embedding';
import type {StateTree} from '../streams/state-tree';
import {requireWithin, type StreamStep} from '../streams/stream-state';
import {CausalLayer} from './causal-layer';
import {normal} from './initializers';
import {type ForwardOptions, type LayerOptions, lastDimension} from './layer';

/**
 * The position of each token, [batch or 1, time] int32: `start`, `start + 1`, ... Padding (mask 0) on the left of a row
 * takes no position; it shares the first.
 * @param start The position of the first token, [batch or 1, 1] int32. Default 0.
 */
export function tokenPositions(time: number, start?: tf.Tensor | null, attentionMask?: tf.Tensor): tf.Tensor2D {
  requireOptionalTensors('tokenPositions', {start, attentionMask});
  return tf.tidy(() => {
    if (!attentionMask && time === 1 && start) return start.clone() as tf.Tensor2D;
    const steps = attentionMask
      ? attentionMask.toInt().cumsum(1).sub(tf.scalar(1, 'int32'))
      : tf.range(0, time, 1, 'int32').expandDims(0);
    return (start ? steps.add(start) : steps).maximum(tf.scalar(0, 'int32')) as tf.Tensor2D;
  });
}

/** The position that follows those of {@link tokenPositions}, [batch or 1, 1] int32. */
export function positionAfter(time: number, start?: tf.Tensor | null, attentionMask?: tf.Tensor): tf.Tensor2D {
  requireOptionalTensors('positionAfter', {start, attentionMask});
  return tf.tidy(() => {
    const steps = attentionMask ? attentionMask.toInt().sum(1, true) : tf.fill([1, 1], time, 'int32');
    return (start ? steps.add(start) : steps) as tf.Tensor2D;
  });
}

/**
 * The positions of a piece of a stream, alike for all rows, as `rotaryTables` and `sinusoids` take them: numbers from 0 on
 * at the start of a stream, later [time] int32 on the device.
 * @param start The position of the first token, one int32; null at the start.
 */
export function streamPositions(time: number, start: tf.Tensor | null): number[] | tf.Tensor1D {
  requireOptionalTensors('streamPositions', {start});
  if (!start) return [...Array(time).keys()];
  return tf.tidy(() => tokenPositions(time, start.reshape([1, 1])).reshape([time]) as tf.Tensor1D);
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
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  advance(x: tf.Tensor, state: StateTree | null, {attentionMask}: ForwardOptions): StreamStep {
    const before = state as tf.Tensor | null;
    const time = x.shape[1] as number;
    requireWithin(this.contextLength, time, this.path);
    const output = x.add(embeddingLookup(this.table.read(), tokenPositions(time, before, attentionMask)));
    return {output, state: positionAfter(time, before, attentionMask)};
  }
}
tf.serialization.registerClass(LearnedPositions);

/**
 * The sinusoids of Vaswani et al. 2017, section 3.5: PE[n, 2i] = sin(n 10000^(-2i/hidden)), PE[n, 2i+1] = cos of the same.
 * @param positions n: numbers, or [time] int32.
 * @returns [time, hidden]
 */
export function sinusoids(positions: ArrayLike<number> | tf.Tensor1D, hiddenSize: number): tf.Tensor2D {
  return tf.tidy(() => {
    const pairs = Math.ceil(hiddenSize / 2);
    const frequencies = Array.from({length: pairs}, (_, i) => 10000 ** ((-2 * i) / hiddenSize));
    const {cos, sin} = rotaryTables(positions, frequencies);
    const both = tf.stack([sin, cos], 2).reshape([-1, 2 * pairs]);
    return both.slice([0, 0], [-1, hiddenSize]) as tf.Tensor2D;
  });
}

/** Adds {@link sinusoids} to its input [batch, time, hidden]. No weights, any length. Padding counts as positions do. */
export class SinusoidalPositions extends CausalLayer {
  static readonly className = 'VariantsSinusoidalPositions';

  constructor(config: LayerOptions = {}) {
    super(config);
  }

  advance(x: tf.Tensor, state: StateTree | null): StreamStep {
    const before = state as tf.Tensor | null;
    const [, time, hiddenSize] = x.shape as number[];
    return {output: x.add(sinusoids(streamPositions(time, before), hiddenSize)), state: positionAfter(time, before)};
  }
}
tf.serialization.registerClass(SinusoidalPositions);
