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
