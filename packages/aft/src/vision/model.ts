/**
 * AFT's image classifier (Zhai et al. 2021, section 5.3):
 *
 *     grid = patches · W + b;    x = x + aft(LN x);    x = x + W2 gelu(W1 LN x);    logits = pool(LN x) · W + b
 *
 * In AFT-conv x is the grid and the classifier reads its mean; in the others x is a sequence with a class token in front,
 * which the classifier reads, and learned positions.
 */
import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  type CheckpointSource,
  ImageClassifier,
  LayerNorm,
  Linear,
  loadCheckpoint,
  type VariantLayer,
} from '@variants/core';
import {AftBlock} from '../model';
import {visionLayout} from './checkpoint';
import {type AftVisionConfig, type AftVisionOptions, resolveVisionConfig, tokensOf} from './config';
import {ClassToken, PatchEmbedding, Pool} from './layers';

/**
 * An AFT image classifier: images [batch, height, width, channels], whole patches high and wide, to logits [batch, classes].
 */
export class AftVision extends ImageClassifier<AftVisionConfig> {
  static override readonly className = 'AftVision';
  override layout: CheckpointLayout<AftVisionConfig> = visionLayout;

  constructor(options: AftVisionOptions) {
    const config = resolveVisionConfig(options);
    super(config, makeStages(config), {name: 'aft_vision'});
  }
}
tf.serialization.registerClass(AftVision);

function makeStages(config: AftVisionConfig): VariantLayer[] {
  const {hiddenSize, patchSize, numLayers, numClasses, normEpsilon: epsilon, variant: given} = config;
  const isConv = given === 'conv';
  const variant = isConv ? 'conv2d' : given;
  const block = (_: unknown, i: number) =>
    new AftBlock({...config, variant, name: `block_${i}`, maxSequenceLength: tokensOf(config)});
  return [
    new PatchEmbedding({name: 'embedding', hiddenSize, patchSize}),
    ...(isConv ? [] : [new ClassToken({...config, name: 'tokens'})]),
    ...Array.from({length: numLayers}, block),
    new LayerNorm({name: 'final_norm', epsilon}),
    new Pool({name: 'pool'}),
    new Linear({name: 'head', units: numClasses}),
  ];
}

/**
 * An AFT image classifier with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function aftVision(config: AftVisionOptions): AftVision {
  return new AftVision(config);
}

/**
 * An AFT image classifier from a checkpoint.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's, such as `dropout`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function visionFromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<AftVisionConfig>} = {},
): Promise<AftVision> {
  return loadCheckpoint(source, [visionLayout], aftVision, options);
}
