import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  ignoredTarget,
  softmaxCrossEntropy,
  type TokenInput,
  toTokenTensor,
} from '@variants/core';
import {m2BertLayout} from '../checkpoints/m2-bert';
import {type M2BertConfig, type M2BertOptions, resolveM2BertConfig} from './config';
import {type EncodeOptions, M2BertEncoder} from './encoder';
import {MaskedLMHead} from './masked-lm-head';

/** M2-BERT as a masked language model: the logits of a token depend on all others. */
export class M2Bert extends M2BertEncoder<M2BertConfig> {
  static override readonly className = 'M2Bert';
  override layout: CheckpointLayout<M2BertConfig> = m2BertLayout;

  constructor(options: M2BertOptions) {
    const config = resolveM2BertConfig(options);
    const {normEpsilon} = config;
    super(config, (embeddings) => new MaskedLMHead(embeddings, {name: 'head', normEpsilon}), 'm2-bert');
  }

  /** Logits [batch, time, vocabulary] of every position. The caller disposes them. */
  logits(tokens: TokenInput, options: EncodeOptions = {}): tf.Tensor3D {
    return this.headOf(tokens, options) as tf.Tensor3D;
  }

  /** Mean cross entropy in nats of `labels[b, t]` at position t, leaving out -100. */
  override loss = (tokens: TokenInput, labels: TokenInput, options: EncodeOptions = {}): tf.Scalar =>
    tf.tidy(() => {
      const isIgnored = (id: number) => id === ignoredTarget;
      const wanted = toTokenTensor(labels, `${this.name}: labels`, this.config.vocabSize, isIgnored);
      return softmaxCrossEntropy(this.logits(tokens, options), wanted);
    });
}
tf.serialization.registerClass(M2Bert);

/**
 * An M2-BERT with fresh weights and a head for masked tokens.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function m2Bert(config: M2BertOptions): M2Bert {
  return new M2Bert(config);
}
