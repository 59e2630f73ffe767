import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, ClassifierHead, SequenceClassifier} from '@variants/core';
import {RoFormerBlock} from './blocks';
import {classifierLayout} from './checkpoints/layouts';
import {type RoFormerClassifierConfig, type RoFormerClassifierOptions, resolveRoFormerClassifierConfig} from './config';
import {blockLayers, embeddingLayers} from './layers';

/** RoFormer with a head for labels of whole sequences: two dense layers on the first position. */
export class RoFormerClassifier extends SequenceClassifier<RoFormerClassifierConfig, ClassifierHead> {
  static override readonly className = 'RoFormerClassifier';
  override layout: CheckpointLayout<RoFormerClassifierConfig> = classifierLayout;

  constructor(options: RoFormerClassifierOptions) {
    const config = resolveRoFormerClassifierConfig(options);
    const {numLabels, activation, dropout, padToken} = config;
    const backbone = [...embeddingLayers(config), ...blockLayers(config, (block) => new RoFormerBlock(block))];
    const head = new ClassifierHead({name: 'head', numLabels, activation, dropout});
    super(config, {backbone, head, padToken}, {name: 'roformer-classifier'});
  }
}
tf.serialization.registerClass(RoFormerClassifier);

/**
 * A RoFormer with fresh weights and a head for labels of whole sequences.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function roformerClassifier(config: RoFormerClassifierOptions): RoFormerClassifier {
  return new RoFormerClassifier(config);
}
