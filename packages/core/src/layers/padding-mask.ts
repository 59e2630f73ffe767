import * as tf from '@tensorflow/tfjs';
import {VariantLayer} from './layer';

/** Options of {@link PaddingMask}. */
export interface PaddingMaskConfig {
  /** The id that fills up shorter rows. */
  padToken: number;
}

/** The attention mask [batch, time] float32 of token ids [batch, time]: 1 = a token, 0 = padding. */
export function paddingMask(tokens: tf.Tensor, padToken: number): tf.Tensor {
  return tf.tidy(() => tokens.toInt().notEqual(padToken).toFloat());
}

/** {@link paddingMask} as a layer. No weights. */
export class PaddingMask extends VariantLayer<PaddingMaskConfig> {
  static readonly className = 'VariantsPaddingMask';

  forward(tokens: tf.Tensor): tf.Tensor {
    return paddingMask(tokens, this.config.padToken);
  }
}
tf.serialization.registerClass(PaddingMask);
