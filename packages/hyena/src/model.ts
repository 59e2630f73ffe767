import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, type ForwardOptions, inference, LanguageModel, type TokenInput} from '@variants/core';
import {contextLength, languageModelLayers} from './backbone';
import {huggingFace} from './checkpoints/huggingface';
import {safari} from './checkpoints/safari';
import {type HyenaConfig, type HyenaOptions, resolveConfig} from './config';

/** A Hyena language model: embedding, blocks, norm, head. */
export class Hyena extends LanguageModel<HyenaConfig> {
  static override readonly className = 'Hyena';
  override layout: CheckpointLayout<HyenaConfig>;

  constructor(config: HyenaOptions) {
    const complete = resolveConfig(config);
    super(complete, languageModelLayers(complete), 'hyena');
    this.layout = complete.tieEmbedding ? safari : huggingFace;
  }

  override get contextLength(): number {
    return contextLength(this.config);
  }

  /** What the head takes, the output of the last norm: [batch, time, hidden]. The caller disposes it. */
  hidden(tokens: TokenInput, options: Partial<ForwardOptions> = {}): tf.Tensor3D {
    return tf.tidy(() => {
      let hidden: tf.Tensor | undefined;
      const complete = {...inference, ...options};
      this.forward(this.tokenTensor(tokens), complete, (layer, x) => {
        if (layer.name === 'head') hidden = x;
        return hidden ?? layer.forward(x, complete);
      });
      return hidden as tf.Tensor3D;
    });
  }
}
tf.serialization.registerClass(Hyena);

/**
 * A Hyena language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function hyena(config: HyenaOptions): Hyena {
  return new Hyena(config);
}
