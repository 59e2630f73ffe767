import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, MaskedLanguageModel} from '@variants/core';
import {maskedLayout} from './checkpoint';
import {type ReformerMaskedConfig, type ReformerMaskedOptions, resolveReformerMaskedConfig} from './config';
import type {ReversibleStack} from './stack';
import {backbone, tokenHead} from './stages';

/**
 * Reformer as a masked language model: a token's logits depend on what its chunks hold before and behind it. Padding is what
 * an attention mask says it is, and no token is padding by itself.
 */
export class ReformerMasked extends MaskedLanguageModel<ReformerMaskedConfig> {
  static override readonly className = 'ReformerMasked';
  override layout: CheckpointLayout<ReformerMaskedConfig> = maskedLayout;
  private readonly stack: ReversibleStack;

  constructor(options: ReformerMaskedOptions) {
    const config = resolveReformerMaskedConfig(options);
    const {layers, stack} = backbone(config, false);
    super(config, {backbone: layers, head: tokenHead(config)}, {name: 'reformer-masked'});
    this.stack = stack;
  }

  /** Takes rotations of the hash, see `Reformer.fixRotations`. */
  fixRotations(rotations: {readonly [block: number]: tf.Tensor | null}): void {
    this.stack.fixRotations(rotations);
  }
}
tf.serialization.registerClass(ReformerMasked);

/** A Reformer with fresh weights and a head for hidden tokens; a ConfigError names the field and what is allowed. */
export function reformerMasked(config: ReformerMaskedOptions): ReformerMasked {
  return new ReformerMasked(config);
}
