import * as tf from '@tensorflow/tfjs';
import {requireTensors} from '../arguments';
import {ShapeError} from '../errors';
import type {ForwardOptions, VariantLayer} from '../layers/layer';
import {connectThrough, passThrough, type RunLayer} from './chain';
import {toLabelTensor} from './token-input';
import {
  type LossOptions,
  type ModelIdentity,
  type ModelTypes,
  VariantModel,
  type VariantModelConfig,
} from './variant-model';

/** The fields that every image classifier's configuration has. */
export interface ImageClassifierConfig extends VariantModelConfig {
  /** Number of classes. */
  numClasses: number;
  /** Values of a pixel. */
  imageChannels: number;
}

/** What a classifier of images takes and gives. */
export interface ImageClassifierTypes extends ModelTypes {
  /** [batch, height, width, channels] */
  inputs: tf.Tensor;
  /** The class of each image, [batch]; -100 where it does not count. */
  targets: tf.Tensor | ArrayLike<number>;
  /** [batch, classes] */
  outputs: tf.Tensor2D;
  options: LossOptions;
}

/**
 * A classifier of images [batch, height, width, channels] with logits [batch, classes], as a chain of layers. `loss(images,
 * labels)` is that of the label of each image.
 */
export abstract class ImageClassifier<
  Config extends ImageClassifierConfig = ImageClassifierConfig,
> extends VariantModel<Config, ImageClassifierTypes> {
  readonly kind = 'image-classifier';
  private readonly stages: VariantLayer[];

  /**
   * @param config Complete: every field has its value. Its seed draws the weights, which the layers make here.
   * @param stages The layers in order. The first takes images, the last gives logits.
   */
  constructor(config: Config, stages: VariantLayer[], identity: ModelIdentity) {
    super(config, identity, () => {
      const inputs = tf.input({shape: [null, null, config.imageChannels], name: 'images'});
      return {inputs, outputs: connectThrough(stages, inputs)};
    });
    this.stages = stages;
  }

  forward(images: tf.Tensor | tf.Tensor[], options: ForwardOptions, run?: RunLayer): tf.Tensor {
    return passThrough(this.stages, [images].flat()[0], options, run).output;
  }

  protected inputsOf(images: tf.Tensor): tf.Tensor {
    requireTensors(this.name, {images});
    const {imageChannels} = this.config;
    if (images.rank !== 4 || images.shape[3] !== imageChannels)
      throw new ShapeError(
        `${this.name}: images [${images.shape}] must have the shape [batch, height, width, ${imageChannels}]`,
      );
    return images;
  }

  protected targetsOf(labels: tf.Tensor | ArrayLike<number>): tf.Tensor1D {
    return toLabelTensor(labels, `${this.name}: labels`, this.config.numClasses);
  }

  // `fit` has made labels [batch, 1].
  override counted(labels: tf.Tensor): tf.Tensor {
    return labels.reshape([-1]);
  }
}
