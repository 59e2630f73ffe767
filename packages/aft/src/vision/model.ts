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
  compileForIntegers,
  type ForwardOptions,
  type IntegerCompileArgs,
  inference,
  LayerNorm,
  Linear,
  loadCheckpoint,
  softmaxCrossEntropy,
  type VariantLayer,
  withInitialization,
} from '@variants/core';
import {AftBlock} from '../model';
import {visionLayout} from './checkpoint';
import {type AftVisionConfig, type AftVisionOptions, resolveVisionConfig, tokensOf} from './config';
import {ClassToken, PatchEmbedding, Pool} from './layers';

/**
 * An AFT image classifier: images [batch, height, width, channels] to logits [batch, classes]. It is a `tf.LayersModel`:
 * `compile`, `fit`, `evaluate`, `predict`, `save` and `tf.loadLayersModel` work, with whole numbers [batch, 1] for labels.
 */
export class AftVision extends tf.LayersModel {
  static override readonly className = 'AftVision';
  readonly config: AftVisionConfig;
  /** How `saveCheckpoint` names and shapes the weights. */
  layout: CheckpointLayout<AftVisionConfig> = visionLayout;
  private readonly stages: VariantLayer[];

  constructor(options: AftVisionOptions) {
    const config = resolveVisionConfig(options);
    const stages = makeStages(config);
    super({
      ...withInitialization({seed: config.seed}, () => connect(stages, config.imageChannels)),
      name: 'aft_vision',
    });
    this.config = config;
    this.stages = stages;
  }

  /**
   * Logits [batch, classes] of images [batch, height, width, channels]. The caller disposes them.
   * @throws ShapeError when the images are no whole patches, or others than there are positions for.
   */
  logits(images: tf.Tensor, options: Partial<ForwardOptions> = {}): tf.Tensor2D {
    const complete = {...inference, ...options};
    return tf.tidy(() => this.stages.reduce((x, layer) => layer.forward(x, complete), images) as tf.Tensor2D);
  }

  /**
   * Mean cross entropy in nats of labels [batch].
   * @param options.training Whether dropout is drawn. Default false.
   */
  override loss = (images: tf.Tensor, labels: tf.Tensor, options: Partial<ForwardOptions> = {}): tf.Scalar =>
    tf.tidy(() => softmaxCrossEntropy(this.logits(images, options), labels));

  /**
   * As in tfjs, with labels as whole numbers: the loss is the cross entropy unless a function is given, and the metrics
   * 'acc' and 'accuracy' count the right classes.
   */
  override compile(args: IntegerCompileArgs): void {
    // tfjs hands labels over as [batch, 1].
    compileForIntegers(this, args, (complete) => super.compile(complete), {counted: (labels) => labels.reshape([-1])});
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {...this.config} as unknown as tf.serialization.ConfigDict;
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    {customObjects: _, ...config}: tf.serialization.ConfigDict,
  ): T {
    // tfjs adds its list of further classes to what it read.
    return new cls(config);
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

function connect(stages: VariantLayer[], channels: number): {inputs: tf.SymbolicTensor; outputs: tf.SymbolicTensor} {
  const inputs = tf.input({shape: [null, null, channels], name: 'images'});
  return {inputs, outputs: stages.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, inputs)};
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
