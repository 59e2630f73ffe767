import * as tf from '@tensorflow/tfjs';
import {firstShape, type LayerOptions, lastDimension, VariantLayer} from '@variants/core';

/** x [batch, time, hidden] as two streams side by side, [batch, time, 2 hidden]. No weights. */
export class SplitStreams extends VariantLayer {
  static readonly className = 'PerformerSplitStreams';

  constructor(config: LayerOptions = {}) {
    super(config);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return tf.concat([x, x], -1);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [...firstShape(inputShape).slice(0, -1), 2 * lastDimension(inputShape, this.path)];
  }
}
tf.serialization.registerClass(SplitStreams);

/** The sum of two streams side by side, [batch, time, 2 hidden] to [batch, time, hidden]. No weights. */
export class JoinStreams extends VariantLayer {
  static readonly className = 'PerformerJoinStreams';

  constructor(config: LayerOptions = {}) {
    super(config);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const [first, second] = tf.split(x, 2, -1);
    return first.add(second);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [...firstShape(inputShape).slice(0, -1), lastDimension(inputShape, this.path) / 2];
  }
}
tf.serialization.registerClass(JoinStreams);
