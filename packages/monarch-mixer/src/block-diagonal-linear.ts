import * as tf from '@tensorflow/tfjs';
import {blockDiagonalMatMul, type Initializer, lastDimension, ShapeError, uniform, VariantLayer} from '@variants/core';
import {swapGroups} from './monarch';

/** Options of {@link BlockDiagonalLinear}. */
export interface BlockDiagonalLinearConfig {
  /** Features of the output. */
  units: number;
  /** Blocks of the matrix. */
  numBlocks: number;
  /** Adds a bias. Default true. */
  useBias?: boolean;
  /** Deals the features out to the blocks in turn, for which their number must be a multiple of numBlocks. Default false. */
  shuffle?: boolean;
}

/** The sizes of a block's matrix: what it gives and what it reads. */
export const blockShape = (units: number, inputs: number, numBlocks: number): [number, number] => [
  Math.ceil(units / numBlocks),
  Math.ceil(inputs / numBlocks),
];

/**
 * y = x diag(W_0, W_1, ...)ᵀ + b over the last axis: features in blocks, each with a matrix of its own (the authors'
 * BlockdiagLinear). Where features do not fill the blocks, zeros do, and what is beyond `units` is cut off.
 * Weights `kernel` [blocks, out / blocks, in / blocks] and `bias` [out].
 */
export class BlockDiagonalLinear extends VariantLayer<BlockDiagonalLinearConfig> {
  static readonly className = 'BlockDiagonalLinear';
  private kernel!: tf.LayerVariable;
  private bias?: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const inputs = lastDimension(inputShape, this.path);
    const {units, numBlocks, useBias = true, shuffle} = this.config;
    if (shuffle && inputs % numBlocks !== 0)
      throw new ShapeError(`${this.path}: ${inputs} features cannot be dealt out to numBlocks = ${numBlocks} evenly`);
    const shape = [numBlocks, ...blockShape(units, inputs, numBlocks)];
    this.kernel = this.weight('kernel', shape, kernelOf(units, inputs));
    if (useBias) this.bias = this.weight('bias', [units], uniform(1 / Math.sqrt(units)));
  }

  forward(x: tf.Tensor): tf.Tensor {
    const {units, numBlocks, shuffle} = this.config;
    const kernel = this.kernel.read();
    const [, , blockInputs] = kernel.shape as number[];
    const dealt = shuffle ? swapGroups(x, numBlocks) : x;
    const product = cut(blockDiagonalMatMul(fill(dealt, numBlocks * blockInputs), kernel), units);
    return this.bias ? product.add(this.bias.read()) : product;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), this.config.units];
  }
}
tf.serialization.registerClass(BlockDiagonalLinear);

/** Uniform within 1 / sqrt(in), more the fewer of a whole matrix's values there are: outputs vary as those of a Linear do. */
const kernelOf =
  (units: number, inputs: number): Initializer =>
  (shape, random) => {
    const share = (units * inputs) / shape.reduce((size, n) => size * n, 1);
    return uniform(Math.sqrt(share / inputs))(shape, random);
  };

/** Zeros behind the last axis, up to `width`. */
function fill(x: tf.Tensor, width: number): tf.Tensor {
  const missing = width - (x.shape[x.rank - 1] as number);
  return missing === 0 ? x : tf.pad(x, [...x.shape.slice(1).map((): [number, number] => [0, 0]), [0, missing]]);
}

/** The first `width` values of the last axis. */
function cut(x: tf.Tensor, width: number): tf.Tensor {
  if (x.shape[x.rank - 1] === width) return x;
  return x.slice(new Array(x.rank).fill(0), [...x.shape.slice(0, -1), width]);
}
