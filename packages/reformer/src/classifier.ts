import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, SequenceClassifier} from '@variants/core';
import {classifierLayout} from './checkpoint';
import {ReformerClassifierHead} from './classifier-head';
import {type ReformerClassifierConfig, type ReformerClassifierOptions, resolveReformerClassifierConfig} from './config';
import type {ReversibleStack} from './stack';
import {backbone} from './stages';

/** Reformer with a head for labels of whole sequences: two dense layers on both streams of the first position. */
export class ReformerClassifier extends SequenceClassifier<ReformerClassifierConfig, ReformerClassifierHead> {
  static override readonly className = 'ReformerClassifier';
  override layout: CheckpointLayout<ReformerClassifierConfig> = classifierLayout;
  private readonly stack: ReversibleStack;

  constructor(options: ReformerClassifierOptions) {
    const config = resolveReformerClassifierConfig(options);
    const {numLabels, hiddenSize, dropout} = config;
    const {layers, stack} = backbone(config, false);
    const head = new ReformerClassifierHead({name: 'classifier', numLabels, hiddenSize, dropout});
    super(config, {backbone: layers, head}, {name: 'reformer-classifier'});
    this.stack = stack;
  }

  /** Takes rotations of the hash, see `Reformer.fixRotations`. */
  fixRotations(rotations: {readonly [block: number]: tf.Tensor | null}): void {
    this.stack.fixRotations(rotations);
  }
}
tf.serialization.registerClass(ReformerClassifier);

/** A Reformer with fresh weights and a head for labels; a ConfigError names the field and what is allowed. */
export function reformerClassifier(config: ReformerClassifierOptions): ReformerClassifier {
  return new ReformerClassifier(config);
}
