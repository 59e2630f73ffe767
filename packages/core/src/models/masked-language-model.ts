import type * as tf from '@tensorflow/tfjs';
import {Encoder, type EncoderConfig, type EncoderTypes} from './encoder';
import {type TokenInput, toTargetTensor} from './token-input';

/** What a masked language model takes and gives. */
export interface MaskedLanguageModelTypes extends EncoderTypes {
  /** The tokens that were hidden, [batch, time]; -100 where nothing is to be predicted. */
  targets: TokenInput;
  /** [batch, time, vocabulary] */
  outputs: tf.Tensor3D;
}

/**
 * An encoder whose logits [batch, time, vocabulary] of a token depend on all others. `loss(tokens, labels)` is that of
 * `labels[b, t]` at position t, leaving out -100.
 */
export abstract class MaskedLanguageModel<Config extends EncoderConfig = EncoderConfig> extends Encoder<
  Config,
  MaskedLanguageModelTypes
> {
  readonly kind = 'masked-language-model';

  protected targetsOf(labels: TokenInput): tf.Tensor2D {
    return toTargetTensor(labels, `${this.name}: labels`, this.config.vocabSize);
  }
}
