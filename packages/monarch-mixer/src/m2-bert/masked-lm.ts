import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, MaskedHead, MaskedLanguageModel} from '@variants/core';
import {m2BertLayout} from '../checkpoints/m2-bert';
import {backbone} from './backbone';
import {type M2BertConfig, type M2BertOptions, resolveM2BertConfig} from './config';

/** M2-BERT as a masked language model: the logits of a token depend on all others. Padding is mixed as tokens are. */
export class M2Bert extends MaskedLanguageModel<M2BertConfig> {
  static override readonly className = 'M2Bert';
  override layout: CheckpointLayout<M2BertConfig> = m2BertLayout;

  constructor(options: M2BertOptions) {
    const config = resolveM2BertConfig(options);
    const [embeddings, ...layers] = backbone(config);
    const head = new MaskedHead(() => embeddings.tokens, {name: 'head', normEpsilon: config.normEpsilon});
    super(config, {backbone: [embeddings, ...layers], head}, {name: 'm2-bert'});
  }
}
tf.serialization.registerClass(M2Bert);

/**
 * An M2-BERT with fresh weights and a head for masked tokens.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function m2Bert(config: M2BertOptions): M2Bert {
  return new M2Bert(config);
}
