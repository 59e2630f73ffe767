import * as tf from '@tensorflow/tfjs';
import {lastDimension, normal, ShapeError, VariantLayer} from '@variants/core';

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
