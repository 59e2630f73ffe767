import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, ClassifierHead, inference, SequenceClassifier} from '@variants/core';
import {huggingFaceClassifier} from './checkpoints/huggingface';
import {hyenaDnaClassifier} from './checkpoints/hyenadna';
import {type HyenaClassifierConfig, type HyenaClassifierOptions, resolveHyenaClassifierConfig} from './config';
import {backbone} from './model';

/** A head on the mean of all positions, padding too, as HyenaDNA's own. */
class MeanHead extends ClassifierHead {
  static override readonly className: string = 'HyenaMeanHead';

  override pooled(x: tf.Tensor): tf.Tensor2D {
    return super.pooled(x, inference);
  }
}

/** A Hyena that classifies sequences: embedding, blocks, norm, a head on what is pooled. */
export class HyenaClassifier extends SequenceClassifier<HyenaClassifierConfig> {
  static override readonly className = 'HyenaClassifier';
  override layout: CheckpointLayout<HyenaClassifierConfig>;

  constructor(config: HyenaClassifierOptions) {
    const complete = resolveHyenaClassifierConfig(config);
    const {numLabels, pooling} = complete;
    const head =
      pooling === 'mean'
        ? new MeanHead({name: 'head', numLabels, dense: false, pooling})
        : new ClassifierHead({name: 'head', numLabels, dense: false, pooling: 'last', useBias: false});
    const {padToken} = complete;
    // What is padding, only the head is told: to the operator it is a token.
    const layers = {backbone: backbone(complete), head, padToken, masksBackbone: false};
    super(complete, layers, {name: 'hyena_classifier'});
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
