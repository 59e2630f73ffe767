import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../errors';
import type {Random} from '../random';
import {type Initializer, initialValues} from './initializers';

/** How a layer runs: in training, dropout draws from `random`. */
export interface ForwardOptions {
  training: boolean;
  /** Where dropout draws its masks from; a training loop passes its own, so that a resumed run draws the same. */
  random?: Random;
  /** [batch, time], 1 = a token, 0 = padding that no one may look at. Without it all are tokens. */
  attentionMask?: tf.Tensor;
  /**
   * Positions that the state of a stream is to have room for, those before included. Default: those that there are. While it
   * stays the same, so do the shapes of a state.
   */
  capacity?: number;
}

/** Running as a trained model does: no dropout. */
export const inference: ForwardOptions = {training: false};

/** What every layer's configuration may hold beside its own fields. */
export interface LayerOptions {
  /** Default: the class's name in snake case with a number. */
  name?: string;
  /** Shape of the input without the batch, where the layer is the first of a `tf.sequential`. */
  inputShape?: tf.Shape;
  /** Default true. */
  trainable?: boolean;
}

function pickLayerOptions({name, inputShape, trainable}: LayerOptions): LayerOptions {
  return {...(name && {name}), ...(inputShape && {inputShape}), ...(trainable !== undefined && {trainable})};
}

/** The options that were given. In a layer that was saved, those that were not are null. */
function givenOptions<Config extends object>(config: Config): Config {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value != null)) as Config;
}

/** The last dimension of a shape, which a layer must know to make its weights. */
export function lastDimension(shape: tf.Shape | tf.Shape[], layer: string): number {
  const single = firstShape(shape);
  const size = single[single.length - 1];
  if (size == null) throw new ShapeError(`${layer}: the last dimension of its input [${single}] must be known`);
  return size;
}

/** The shape of x, where a layer is applied to x alone or to [x, ...]. */
export function firstShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as tf.Shape;
}

/**
 * Base of all layers here: a `tf.layers.Layer` whose mathematics is one function, `forward`, and which may hold other
 * layers as children. Children's weights are the layer's own for `fit`, `save`, `summary` and `getWeights`, under their
 * full path (`block_0/up/kernel`), in the order in which the children were added.
 */
export abstract class VariantLayer<Config extends object = object> extends tf.layers.Layer {
  /** The layer's own options, as given; null counts as not given. */
  protected readonly config: Config;
  private parent: VariantLayer | undefined;
  private localName: string | undefined;
  private readonly children: VariantLayer[] = [];

  constructor(config: Config & LayerOptions) {
    super(pickLayerOptions(config));
    this.config = givenOptions(config);
  }

  /** Names from the outermost layer to this one: `block_0/mixer`. */
  get path(): string {
    return this.parent ? `${this.parent.path}/${this.localName}` : this.name;
  }

  /** The layer's function of its input. Runs inside a `tf.tidy` of the caller. */
  abstract forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor;

  /** {@link forward} for tfjs, of x or, where a mask of padding [batch, time] is a second input, of [x, attentionMask]. */
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Partial<ForwardOptions> = {}): tf.Tensor {
    const [x, attentionMask] = [inputs].flat();
    const options = {...(attentionMask && {attentionMask}), ...kwargs, training: kwargs.training === true};
    return tf.tidy(() => this.forward(x, options));
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return firstShape(inputShape);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {...(this.config as tf.serialization.ConfigDict), ...super.getConfig()};
  }

  /** Adds a layer below this one, under `name`, and builds it for inputs of `inputShape`. */
  protected child<L extends VariantLayer>(name: string, layer: L, inputShape: tf.Shape): L {
    layer.parent = this;
    layer.localName = name;
    this.children.push(layer);
    layer.build(inputShape);
    layer.built = true;
    return layer;
  }

  /** Makes a float32 weight of this layer, its first value drawn as `initializer` says from the layer's path. */
  protected weight(name: string, shape: number[], initializer: Initializer, trainable = true): tf.LayerVariable {
    const fullName = `${this.path}/${name}`;
    const initial = initialValues(initializer, fullName);
    const variable = this.addWeight(name, shape, 'float32', initial, undefined, trainable);
    // tfjs would prefix the name with the outermost layer alone, so that two children's kernels could not be told apart.
    (variable as {originalName: string}).originalName = fullName;
    return variable;
  }

  override get trainableWeights(): tf.LayerVariable[] {
    return [...super.trainableWeights, ...this.childrenIfTrainable().flatMap((child) => child.trainableWeights)];
  }

  override set trainableWeights(weights: tf.LayerVariable[]) {
    super.trainableWeights = weights;
  }

  override get nonTrainableWeights(): tf.LayerVariable[] {
    const frozen = this.trainable ? [] : this.children.flatMap((child) => child.trainableWeights);
    return [...super.nonTrainableWeights, ...frozen, ...this.children.flatMap((child) => child.nonTrainableWeights)];
  }

  override set nonTrainableWeights(weights: tf.LayerVariable[]) {
    super.nonTrainableWeights = weights;
  }

  private childrenIfTrainable(): VariantLayer[] {
    return this.trainable ? this.children : [];
  }
}
