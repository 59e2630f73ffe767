import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  ignoredTarget,
  LanguageModel,
  type LanguageModelConfig,
  type LossOptions,
  type TokenInput,
} from '@variants/core';

/** The fields that both forms of MegaByte have. */
export interface PatchedModelConfig extends LanguageModelConfig {
  /** A token that is never a target of the loss; null: all tokens are. */
  padToken: number | null;
}

/**
 * A language model of patches: it knows what to expect before the first token, and in which part of a patch a prediction is
 * made.
 */
export abstract class PatchedModel<Config extends PatchedModelConfig> extends LanguageModel<Config> {
  /** Tokens of a patch of the local model. */
  abstract get patchSize(): number;

  /**
   * The place in the local model's sequence, counted from its first prediction, where what follows a token is predicted.
   * @param position That of the token in its sequence, from 0 on.
   */
  abstract placeOf(position: number): number;

  /** What predicts the first token, [batch, 1, vocabulary]. Runs inside a `tf.tidy`. */
  protected abstract firstLogits(batch: number): tf.Tensor;

  /**
   * Logits of the first token of a sequence, of which nothing is known yet: [batch, 1, vocabulary]. The caller disposes them.
   * @param batch Rows, all alike. Default 1.
   */
  startLogits(batch = 1): tf.Tensor3D {
    this.requireWeights();
    if (!Number.isInteger(batch) || batch < 1)
      throw new ConfigError(`${this.name}: batch is ${batch}, but must be a whole number of at least 1`);
    return tf.tidy(() => this.firstLogits(batch) as tf.Tensor3D);
  }

  /**
   * Mean loss in nats of all tokens, the first of each row included, which {@link startLogits} predict: what the authors
   * train. Differentiable.
   * @param tokens [batch, time]
   * @param options As of `loss`.
   */
  lossFromStart(tokens: TokenInput, options: LossOptions = {}): tf.Scalar {
    this.requireWeights();
    return tf.tidy(() => {
      const ids = this.inputsOf(tokens);
      const [batch, time] = ids.shape;
      const first = this.firstLogits(batch);
      const before = ids.slice([0, 0], [batch, time - 1]);
      const logits = time === 1 ? first : tf.concat([first, this.forward(before, this.runOptions(options))], 1);
      return this.criterion(logits, ids, options);
    });
  }

  override counted(targets: tf.Tensor): tf.Tensor {
    const {padToken} = this.config;
    if (padToken === null) return targets;
    return tf.tidy(() => {
      const wanted = targets.toInt();
      return tf.where(wanted.equal(padToken), tf.fill(wanted.shape, ignoredTarget, 'int32'), wanted);
    });
  }
}
