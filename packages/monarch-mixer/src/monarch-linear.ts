import * as tf from '@tensorflow/tfjs';
import {lastDimension, ShapeError, uniform, VariantLayer} from '@variants/core';
import {monarch} from './monarch';

/** Options of {@link MonarchLinear}. */
export interface MonarchLinearConfig {
  /** Features of the output, a multiple of numBlocks. */
  units: number;
  /** Blocks of both factors; must divide the features of the input. */
  numBlocks: number;
  /** Adds a bias. Default true. */
  useBias?: boolean;
}

/**
 * y = M x + b over the last axis, with a Monarch matrix M of order 2, see {@link monarch}: every output depends on every
 * input, by a number of weights that grows as in · out / blocks. Between the factors there are as many features as the
 * smaller side has. Weights `first` [blocks, middle, in / blocks], `second` [blocks, out / blocks, middle] and `bias` [out].
 */
export class MonarchLinear extends VariantLayer<MonarchLinearConfig> {
  static readonly className = 'MonarchLinear';
  private first!: tf.LayerVariable;
  private second!: tf.LayerVariable;
  private bias?: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const features = lastDimension(inputShape, this.path);
    const {units, numBlocks, useBias = true} = this.config;
    if (features % numBlocks !== 0 || units % numBlocks !== 0)
      throw new ShapeError(
        `${this.path}: numBlocks = ${numBlocks} must divide the ${features} features of the input and ${units} units`,
      );
    const [inputs, outputs] = [features / numBlocks, units / numBlocks];
    const middle = Math.min(inputs, outputs);
    this.first = this.weight('first', [numBlocks, middle, inputs], uniform(Math.sqrt(3 / inputs)));
    this.second = this.weight('second', [numBlocks, outputs, middle], uniform(1 / Math.sqrt(middle)));
    if (useBias) this.bias = this.weight('bias', [units], uniform(1 / Math.sqrt(features)));
  }

  forward(x: tf.Tensor): tf.Tensor {
    const [first, second] = [this.first, this.second].map((factor) => factor.read() as tf.Tensor3D);
    const product = monarch(x, first, second);
    return this.bias ? product.add(this.bias.read()) : product;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), this.config.units];
  }
}
tf.serialization.registerClass(MonarchLinear);
