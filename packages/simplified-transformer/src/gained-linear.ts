import * as tf from '@tensorflow/tfjs';
import {type Initializer, type LayerOptions, lastDimension, type Random, VariantLayer, zeros} from '@variants/core';

/** The gains of a {@link GainedLinear}. */
export interface LinearGains {
  /** What the product with the matrix is multiplied with at first. */
  gain: number;
  /** What the input is multiplied with at first. */
  skipGain: number;
  /** Whether the two are trained. */
  trainable: boolean;
}

/** Options of {@link GainedLinear}. */
export interface GainedLinearConfig {
  /** Features of the output; with gains, those of the input. */
  units: number;
  /** Adds the input, as if the matrix were nearly the identity. Default null: the product alone. */
  gains?: LinearGains | null;
  /** Whether the bias is trained. Default false: it stays what it is, 0 at first. */
  trainableBias?: boolean;
}

/**
 * The authors' linear layer (`MyConv1D`), over the last axis:
 *
 *     y = x W + b,      or with gains      y = gain (x W) + skipGain x + b
 *
 * Weights `kernel` [in, out], `bias` [out]; with gains, `gain` and `skip_gain` [1], and a matrix that is 0 at first.
 */
export class GainedLinear extends VariantLayer<GainedLinearConfig> {
  static readonly className = 'SimplifiedGainedLinear';
  private kernel!: tf.LayerVariable;
  private bias!: tf.LayerVariable;
  private gain?: tf.LayerVariable;
  private skipGain?: tf.LayerVariable;

  constructor(
    config: GainedLinearConfig & LayerOptions,
    private readonly initializer: Initializer = zeros,
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const {units, gains, trainableBias = false} = this.config;
    const inputs = lastDimension(inputShape, this.path);
    this.kernel = this.weight('kernel', [inputs, units], gains ? zeros : this.initializer);
    this.bias = this.weight('bias', [units], zeros, trainableBias);
    if (!gains) return;
    this.gain = this.weight('gain', [1], constant(gains.gain), gains.trainable);
    this.skipGain = this.weight('skip_gain', [1], constant(gains.skipGain), gains.trainable);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return this.scaled(x, null);
  }

  /** {@link forward} times a factor [1]. */
  scaled(x: tf.Tensor, factor: tf.Tensor | null): tf.Tensor {
    const rows = x.reshape([-1, x.shape[x.rank - 1] as number]);
    const scale = (tensor: tf.Tensor) => (factor ? tensor.mul(factor) : tensor);
    let y = this.product(rows, this.gain ? scale(this.gain.read()) : factor);
    if (this.skipGain) y = y.add(rows.mul(scale(this.skipGain.read())));
    return y.add(scale(this.bias.read())).reshape([...x.shape.slice(0, -1), this.config.units]);
  }

  /** x W times a gain, which goes to the smaller of the matrix and the product. */
  private product(rows: tf.Tensor, gain: tf.Tensor | null): tf.Tensor {
    const kernel = this.kernel.read();
    if (!gain) return tf.matMul(rows, kernel);
    const [count, inputs] = rows.shape as number[];
    return count > inputs ? tf.matMul(rows, kernel.mul(gain)) : tf.matMul(rows, kernel).mul(gain);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), this.config.units];
  }
}
tf.serialization.registerClass(GainedLinear);

/** All values the same. */
export const constant =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(shape.reduce((size, n) => size * n, 1)).fill(value);

/** The identity matrix. */
export const identity: Initializer = ([rows, columns]) =>
  Float32Array.from({length: rows * columns}, (_, i) => (i % columns === Math.floor(i / columns) ? 1 : 0));

/** A random orthogonal matrix: rows of normal numbers, made orthogonal one after the other (Gram and Schmidt, twice). */
export const orthogonal: Initializer = ([size], random) => {
  const rows: Float64Array[] = [];
  while (rows.length < size) rows.push(orthogonalTo(rows, size, random));
  return Float32Array.from(rows.flatMap((row) => [...row]));
};

function orthogonalTo(rows: readonly Float64Array[], size: number, random: Random): Float64Array {
  const row = Float64Array.from({length: size}, () => random.normal());
  // Once more, as rounding leaves a little of the others.
  for (const other of [...rows, ...rows]) {
    const along = dot(row, other);
    for (let i = 0; i < size; i++) row[i] -= along * other[i];
  }
  const length = Math.sqrt(dot(row, row));
  return row.map((value) => value / length);
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
