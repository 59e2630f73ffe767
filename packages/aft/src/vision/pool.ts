import * as tf from '@tensorflow/tfjs';
import {type LayerOptions, VariantLayer} from '@variants/core';

/** What a classifier reads: the mean of a grid [batch, rows, columns, hidden], or the first token of a sequence. */
export class Pool extends VariantLayer {
  static readonly className = 'AftPool';

  constructor(config: LayerOptions = {}) {
    super(config);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return x.rank === 4 ? x.mean([1, 2]) : x.slice([0, 0, 0], [-1, 1, -1]).squeeze([1]);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [inputShape[0], inputShape[inputShape.length - 1]];
  }
}
tf.serialization.registerClass(Pool);
