import * as tf from '@tensorflow/tfjs';
import {requireGivenFields} from '../arguments';
import {ConfigError, ShapeError} from '../errors';
import type {Random} from '../random';
import type {Carried, Passed} from '../streams/stream-state';
import {type Initializer, initialValues, noteWeight} from './initializers';

/** How a layer runs: in training, dropout draws from `random`. */
export interface ForwardOptions {
  training: boolean;
  /** Where dropout draws its masks from; a training loop passes its own, so that a resumed run draws the same. */
  random?: Random;
  /** [batch, time], 1 = a token, 0 = padding that no one may look at. Without it all are tokens. */
  attentionMask?: tf.Tensor;
  /**
   * [batch, time], 1 = belongs to a prompt at the start, whose positions see all of it, also what comes after them, 0 = sees
   * what is before, the prompt included: causal layers as a prefix language model (Dong et al. 2019, UniLM). Of a stream its
   * first piece alone may have one. Default: no prompt.
   */
  prefix?: tf.Tensor;
  /**
   * Positions that the state of a stream is to have room for, those before included. Default: those that there are. While it
   * stays the same, so do the shapes of a state.
   */
  capacity?: number;
  /**
   * Positions of the stream before this piece. How a step of one position is computed may depend on it as
   * `CausalLayer.stepKind` says, and no further: such steps are recorded and taken again at other positions. Default 0.
   */
  fed?: number;
  /** What travels beside x: tensors that layers before this one gave, by name. Default: none. */
  carried?: Carried;
  /** The layers run a second time on the same, for gradients: what counts batches must not count. Default false. */
  recomputing?: boolean;
}

/** Running as a trained model does: no dropout. */
export const inference: ForwardOptions = {training: false};

/** A layer inside of another or of a model, by its path: {name: 'block_0/mixer'}; tfjs leaves texts under `name` as they are. */
export interface LayerPath {
  name: string;
}

/** What every layer's configuration may hold beside its own fields. */
export interface LayerOptions {
  /** Default: the class's name in snake case with a number. */
  name?: string;
  /** Shape of the input without the batch, where the layer is the first of a `tf.sequential`. */
  inputShape?: tf.Shape;
  /** Default true. */
  trainable?: boolean;
  /** The layers inside of it that are not trained, by their paths from it. Default: none. */
  frozenLayers?: readonly LayerPath[];
}

function pickLayerOptions({name, inputShape, trainable}: LayerOptions): LayerOptions {
  return {...(name && {name}), ...(inputShape && {inputShape}), ...(trainable !== undefined && {trainable})};
}

/** The options that were given. In a layer that was saved, those that were not are null. */
function givenOptions<Config extends object>(config: Config): Config {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value != null)) as Config;
}

/** The shape of x, which is the first where a layer has several inputs. */
export function firstShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as tf.Shape;
}

/** The last dimension of a shape, which a layer must know to make its weights. */
export function lastDimension(shape: tf.Shape | tf.Shape[], layer: string): number {
  const single = firstShape(shape);
  const size = single[single.length - 1];
  if (size == null) throw new ShapeError(`${layer}: the last dimension of its input [${single}] must be known`);
  return size;
}

/** Sets whether a layer is trained; of one that is as it should be, no weight's own setting is touched. */
export function setTrainable(layer: tf.layers.Layer, trainable: boolean): void {
  if (layer.trainable !== trainable) layer.trainable = trainable;
}

/** Of paths, what is left of those below a name. */
export const pathsUnder = (name: string, paths: readonly string[]): string[] =>
  paths.filter((path) => path.startsWith(`${name}/`)).map((path) => path.slice(name.length + 1));

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
  /** Paths of the layers below that are to be frozen when they are made. */
  private toFreeze: readonly string[];
  /** Layers that are another's children and used here too. */
  private readonly borrowed: VariantLayer[] = [];

  constructor(given: Config & LayerOptions) {
    requireGivenFields(new.target.name, given);
    const {frozenLayers, ...config} = given;
    super(pickLayerOptions(config));
    this.config = givenOptions(config as unknown as Config);
    this.toFreeze = (frozenLayers ?? []).map(({name}) => name);
  }

  /** Names from the outermost layer to this one: `block_0/mixer`. */
  get path(): string {
    return this.parent ? `${this.parent.path}/${this.localName}` : this.name;
  }

  /** The layer's function of its input. Runs inside a `tf.tidy` of the caller. */
  abstract forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor;

  /** Names of what the layer reads of `options.carried`. Default: none. */
  get takes(): readonly string[] {
    return [];
  }

  /** Names of what {@link pass} gives to the layers behind it. Default: none. */
  get gives(): readonly string[] {
    return [];
  }

  /**
   * {@link forward} with what travels beside x: reads {@link takes} of `options.carried`, gives {@link gives}. A layer that
   * gives something overrides it. Runs inside a `tf.tidy` of the caller.
   */
  pass(x: tf.Tensor, options: ForwardOptions): Passed {
    return {output: this.forward(x, options)};
  }

  /**
   * {@link pass} for tfjs: of x or of [x, ...takes], and where a mask of padding [batch, time] is a further input, of
   * [x, ...takes, attentionMask]; gives the output, or [output, ...gives].
   */
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Partial<ForwardOptions> = {}): tf.Tensor | tf.Tensor[] {
    const [x, ...beside] = [inputs].flat();
    const {takes, gives} = this;
    const isTaken = takes.length > 0 && beside.length >= takes.length;
    const carried = isTaken && Object.fromEntries(takes.map((name, i) => [name, beside[i]]));
    const attentionMask = beside[isTaken ? takes.length : 0];
    const given = {...(carried && {carried}), ...(attentionMask && {attentionMask}), ...kwargs};
    const options = {...given, training: kwargs.training === true};
    return tf.tidy(() => {
      const passed = this.pass(x, options);
      return gives.length === 0
        ? passed.output
        : [passed.output, ...gives.map((name) => passed.carried?.[name] as tf.Tensor)];
    });
  }

  /** By default the output, and each of {@link gives}, has the shape of x. */
  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    const x = firstShape(inputShape);
    return this.gives.length === 0 ? x : [x, ...this.gives.map(() => x)];
  }

  override getConfig(): tf.serialization.ConfigDict {
    const frozen = this.built ? this.frozenBelow : this.toFreeze;
    const frozenLayers = frozen.map((name) => ({name}));
    const own = {...(this.config as tf.serialization.ConfigDict), ...super.getConfig()};
    return frozen.length === 0 ? own : {...own, frozenLayers};
  }

  /** Paths, from this one, of the layers below whose `trainable` is false. */
  get frozenBelow(): string[] {
    return [...this.below()].filter(([, layer]) => !layer.trainable).map(([path]) => path);
  }

  /**
   * Makes the layers below with these paths from this one frozen, and no others: `block.frozenBelow = ['mixer/queries']`.
   * What is frozen stays so where a model is saved and loaded; one that is compiled already must be compiled anew.
   * @throws ConfigError where there is no such layer.
   */
  set frozenBelow(paths: readonly string[]) {
    const layers = new Map(this.below());
    const unknown = paths.find((path) => !layers.has(path));
    if (unknown !== undefined)
      throw new ConfigError(`${this.path}: has no layer "${unknown}"; there are ${[...layers.keys()].join(', ')}`);
    for (const [path, layer] of layers) setTrainable(layer, !paths.includes(path));
  }

  /** The layers below, at any depth, with their paths from this one. */
  private *below(): Generator<[path: string, layer: VariantLayer]> {
    for (const child of this.children) {
      yield [child.localName as string, child];
      for (const [path, layer] of child.below()) yield [`${child.localName}/${path}`, layer];
    }
  }

  /**
   * Adds a layer below this one, under `name`, and builds it for inputs of `inputShape`. A layer that another one has added
   * already is shared: it stays that one's child, under whose path its weights are counted, saved and frozen.
   */
  protected child<L extends VariantLayer>(name: string, layer: L, inputShape: tf.Shape): L {
    if (layer.built) {
      this.borrowed.push(layer);
      return layer;
    }
    layer.parent = this;
    layer.localName = name;
    this.children.push(layer);
    if (this.toFreeze.includes(name)) layer.trainable = false;
    layer.toFreeze = [...layer.toFreeze, ...pathsUnder(name, this.toFreeze)];
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
    noteWeight(variable, initializer, fullName);
    return variable;
  }

  /** Whether it is made of other layers, as a block is. */
  get isComposite(): boolean {
    return this.children.length > 0;
  }

  /** All trainable weights that the layer's function depends on: its own, and those of layers that it shares. */
  get weightsInUse(): tf.LayerVariable[] {
    const own = this.trainable ? super.trainableWeights : [];
    const others = [...this.childrenIfTrainable(), ...this.borrowed].flatMap((layer) => layer.weightsInUse);
    return [...new Set([...own, ...others])];
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
