/**
 * What AFT's image classifier has around its blocks: images become vectors, those a sequence where a mixer needs one, and in
 * the end one vector for an image.
 */
import * as tf from '@tensorflow/tfjs';
import {lastDimension, normal, ShapeError, VariantLayer, zeros} from '@variants/core';

/** Options of {@link PatchEmbedding}. */
export interface PatchEmbeddingConfig {
  hiddenSize: number;
  /** Pixels of a patch's side. */
  patchSize: number;
}

/**
 * Images [batch, height, width, channels] as a vector per square patch, [batch, height / patch, width / patch, hidden].
 * Weights `kernel` [hidden, channels · patch · patch], a convolution's as PyTorch has it, and `bias` [hidden].
 */
export class PatchEmbedding extends VariantLayer<PatchEmbeddingConfig> {
  static readonly className = 'AftPatchEmbedding';
  private kernel!: tf.LayerVariable;
  private bias!: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const {hiddenSize, patchSize} = this.config;
    const inputs = lastDimension(inputShape, this.path) * patchSize ** 2;
    this.kernel = this.weight('kernel', [hiddenSize, inputs], normal(inputs ** -0.5));
    this.bias = this.weight('bias', [hiddenSize], zeros);
  }

  forward(images: tf.Tensor): tf.Tensor {
    const {patchSize: p, hiddenSize} = this.config;
    const [batch, height, width, channels] = images.shape as number[];
    if (height % p !== 0 || width % p !== 0 || height * width === 0)
      throw new ShapeError(
        `${this.path}: images [${images.shape}] must be some patches of ${p} pixels high and wide, without a rest`,
      );
    const [rows, columns] = [height / p, width / p];
    const patches = images.reshape([batch, rows, p, columns, p, channels]).transpose([0, 1, 3, 5, 2, 4]);
    const flat = patches.reshape([batch * rows * columns, channels * p * p]);
    const embedded = tf.matMul(flat, this.kernel.read(), false, true).add(this.bias.read());
    return embedded.reshape([batch, rows, columns, hiddenSize]);
  }

  override computeOutputShape([batch, height, width]: tf.Shape): tf.Shape {
    const count = (pixels: number | null) => (pixels === null ? null : pixels / this.config.patchSize);
    return [batch, count(height), count(width), this.config.hiddenSize];
  }
}
tf.serialization.registerClass(PatchEmbedding);

/** Options of {@link ClassToken}. */
export interface ClassTokenConfig {
  gridRows: number;
  gridColumns: number;
}

/**
 * A grid [batch, rows, columns, hidden] as a sequence [batch, 1 + rows · columns, hidden]: a learned token that a classifier
 * reads, the places row by row, and a learned vector for each position added. Weights `token` [hidden], `positions`
 * [1 + rows · columns, hidden].
 */
export class ClassToken extends VariantLayer<ClassTokenConfig> {
  static readonly className = 'AftClassToken';
  private token!: tf.LayerVariable;
  private positions!: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {gridRows, gridColumns} = this.config;
    this.token = this.weight('token', [hiddenSize], normal(0.02));
    this.positions = this.weight('positions', [1 + gridRows * gridColumns, hiddenSize], normal(0.02));
  }

  forward(grid: tf.Tensor): tf.Tensor {
    const [batch, rows, columns, hiddenSize] = grid.shape as number[];
    const {gridRows, gridColumns} = this.config;
    if (rows !== gridRows || columns !== gridColumns)
      throw new ShapeError(
        `${this.path}: an image of [${rows}, ${columns}] patches must have [${gridRows}, ${gridColumns}], as there are positions for`,
      );
    const token = this.token.read().reshape([1, 1, hiddenSize]).tile([batch, 1, 1]);
    return tf.concat([token, grid.reshape([batch, rows * columns, hiddenSize])], 1).add(this.positions.read());
  }

  override computeOutputShape([batch, , , hiddenSize]: tf.Shape): tf.Shape {
    return [batch, 1 + this.config.gridRows * this.config.gridColumns, hiddenSize];
  }
}
tf.serialization.registerClass(ClassToken);

/** What a classifier reads: the mean of a grid [batch, rows, columns, hidden], or the first token of a sequence. */
export class Pool extends VariantLayer {
  static readonly className = 'AftPool';

  forward(x: tf.Tensor): tf.Tensor {
    return x.rank === 4 ? x.mean([1, 2]) : x.slice([0, 0, 0], [-1, 1, -1]).squeeze([1]);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [inputShape[0], inputShape[inputShape.length - 1]];
  }
}
tf.serialization.registerClass(Pool);
