import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, SequenceClassifier} from '@variants/core';
import {backbone} from './backbone';
import {huggingFaceClassifier} from './checkpoints/huggingface';
import {hyenaDnaClassifier} from './checkpoints/hyenadna';
import {type HyenaClassifierConfig, type HyenaClassifierOptions, resolveClassifierConfig} from './classifier-config';
import {PooledHead} from './pooled-head';

/** A Hyena that classifies sequences: embedding, blocks, norm, a head on what is pooled. */
export class HyenaClassifier extends SequenceClassifier<HyenaClassifierConfig> {
  static override readonly className = 'HyenaClassifier';
  override layout: CheckpointLayout<HyenaClassifierConfig>;

  constructor(config: HyenaClassifierOptions) {
    const complete = resolveClassifierConfig(config);
    const {numLabels, pooling} = complete;
    const head = new PooledHead({name: 'head', numLabels, pooling});
    super(complete, {backbone: backbone(complete), head}, 'hyena_classifier');
    this.layout = pooling === 'mean' ? hyenaDnaClassifier : huggingFaceClassifier;
  }
}
tf.serialization.registerClass(HyenaClassifier);

/**
 * A Hyena classifier with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function hyenaClassifier(config: HyenaClassifierOptions): HyenaClassifier {
  return new HyenaClassifier(config);
}
