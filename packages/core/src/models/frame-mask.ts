import * as tf from '@tensorflow/tfjs';
import {VariantLayer} from '../layers/layer';

/** Which frames of each row are there, [batch, frames] float32: 1 up to its length, 0 behind. */
export function frameMask(lengths: tf.Tensor, frames: number): tf.Tensor2D {
  return tf.tidy(
    () =>
      tf
        .range(0, frames)
        .less(lengths.toFloat().reshape([-1, 1]))
        .toFloat() as tf.Tensor2D,
  );
}

/** {@link frameMask} as a layer for tfjs's graph: of [x, lengths], x for its number of frames. No weights. */
export class FrameMask extends VariantLayer {
  static readonly className = 'VariantsFrameMask';

  override get takes(): readonly string[] {
    return ['lengths'];
  }

  /** @param lengthsOf What becomes of lengths on the way to x. */
  constructor(
    config: {name: string},
    private readonly lengthsOf: (lengths: tf.Tensor) => tf.Tensor,
  ) {
    super(config);
  }

  forward(x: tf.Tensor, {carried}: {carried?: {readonly [name: string]: tf.Tensor}}): tf.Tensor {
    return frameMask(this.lengthsOf(carried?.lengths as tf.Tensor), x.shape[1] as number);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return ([inputShape].flat(2) as tf.Shape).slice(0, 2);
  }
}

/** The logit of every token but the blank in a frame that is padding; finite, and below that of any other frame. */
const paddingLogit = -1e30;

/** Logits [batch, frames, vocabulary] where frames that are padding are certain to be blank, which leaves no trace in CTC. */
export function paddingAsBlank(logits: tf.Tensor, mask: tf.Tensor, blank: number): tf.Tensor3D {
  return tf.tidy(() => {
    const vocabSize = logits.shape[2] as number;
    const certain = tf
      .oneHot(tf.tensor1d([blank], 'int32'), vocabSize)
      .toFloat()
      .sub(1)
      .mul(-paddingLogit);
    const isThere = mask.expandDims(2).greater(0).broadcastTo(logits.shape);
    return tf.where(isThere, logits, certain.reshape([1, 1, vocabSize]).broadcastTo(logits.shape)) as tf.Tensor3D;
  });
}

/** How many frames of each row {@link paddingAsBlank} has left, [batch] int32. Without a gradient, which counts have none of. */
export function framesOf(logits: tf.Tensor, blank: number): tf.Tensor1D {
  const counted = tf.customGrad((given) => {
    const x = given as tf.Tensor;
    const value = tf.tidy(() => {
      const vocabSize = x.shape[2] as number;
      const isBlank = tf.oneHot(tf.tensor1d([blank], 'int32'), vocabSize).toFloat();
      const largest = x.add(isBlank.mul(2 * paddingLogit).reshape([1, 1, vocabSize])).max(2);
      return largest
        .greater(paddingLogit / 2)
        .toInt()
        .sum(1);
    });
    return {value, gradFunc: () => tf.zeros(x.shape)};
  });
  return counted(logits) as tf.Tensor1D;
}

/** {@link paddingAsBlank} as a layer of [logits, mask]. No weights. */
export class PaddingAsBlank extends VariantLayer<{blank: number}> {
  static readonly className = 'VariantsPaddingAsBlank';

  forward(logits: tf.Tensor, {attentionMask}: {attentionMask?: tf.Tensor}): tf.Tensor {
    return attentionMask ? paddingAsBlank(logits, attentionMask, this.config.blank) : logits;
  }
}
tf.serialization.registerClass(PaddingAsBlank);
