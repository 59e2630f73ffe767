import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../errors';
import {embeddingLookup} from '../kernels/embedding-lookup';
import type {StateTree} from '../models/stream-state';
import {type Advanced, CausalLayer} from './causal-layer';
import {normal} from './initializers';
import {type ForwardOptions, type LayerOptions, lastDimension} from './layer';

/**
 * The position of each token, [batch or 1, time] int32: `start`, `start + 1`, ... Where rows are padded (mask 0), the
 * first token of a row has position 0 and the padding shares it.
 */
export function tokenPositions(time: number, start: number, attentionMask?: tf.Tensor): tf.Tensor2D {
  return tf.tidy(() => {
    if (!attentionMask) return tf.range(start, start + time, 1, 'int32').expandDims(0);
    return attentionMask.toFloat().cumsum(1).sub(1).relu().toInt() as tf.Tensor2D;
  });
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
    return this.addFrom(0, x, options.attentionMask);
  }

  advance(x: tf.Tensor, state: StateTree | null): Advanced {
    const position = (state as number | null) ?? 0;
    return {output: this.addFrom(position, x), state: position + (x.shape[1] as number)};
  }

  private addFrom(start: number, x: tf.Tensor, attentionMask?: tf.Tensor): tf.Tensor {
    const end = start + (x.shape[1] as number);
    const {maxSequenceLength} = this.config;
    if (end > maxSequenceLength)
      throw new ShapeError(
        `${this.path}: a sequence of ${end} tokens is longer than maxSequenceLength ${maxSequenceLength}; cut it or start a new stream`,
      );
    return x.add(embeddingLookup(this.table.read(), tokenPositions(end - start, start, attentionMask)));
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

/** Adds {@link sinusoids} to its input [batch, time, hidden]. No weights, any length. */
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
