import * as tf from '@tensorflow/tfjs';
import {adamWStep, fields, resolveFields, ShapeError} from '@variants/core';
import {betasField, rateField} from './fields';

/** Options of {@link AdamW}. */
export interface AdamWConfig {
  /** Default 1e-3. */
  learningRate: number;
  /** How much of the running means of gradients and of their squares each step keeps. Default [0.9, 0.95]. */
  betas: readonly [number, number];
  /** Added to the root of the second moment. Default 1e-8. */
  epsilon: number;
  /** The share of a weight that a step takes away, times the learning rate. Default 0.1. */
  weightDecay: number;
}

interface Moments {
  name: string;
  first: tf.Variable;
  second: tf.Variable;
}

type Gradients = Parameters<tf.Optimizer['applyGradients']>[0];

/**
 * Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019). Weights with two or more axes decay,
 * biases and the weights of norms do not.
 *
 * It is a `tf.Optimizer`: `model.compile({optimizer: new AdamW({learningRate: 1e-3})})` works, and so do `model.save`
 * and `tf.loadLayersModel` with the optimizer's state. `getWeights` gives the number of steps and both moments of each
 * weight, in the order in which the weights were first updated; `setWeights` takes them.
 */
export class AdamW extends tf.Optimizer {
  static readonly className = 'AdamW';
  /** May be changed between steps. */
  learningRate: number;
  private readonly config: AdamWConfig;
  private readonly moments = new Map<string, Moments>();
  /** Set from outside, for the weights that will be updated next; tfjs does not say here which they are. */
  private unclaimed: Moments[] = [];
  private savedIterations: tf.Tensor | undefined;

  /** @throws ConfigError that names the option, its value and what is allowed. */
  constructor(config: Partial<AdamWConfig> = {}) {
    super();
    this.config = resolveFields<AdamWConfig>(
      'AdamW',
      {
        learningRate: rateField(1e-3),
        betas: betasField([0.9, 0.95]),
        epsilon: fields.positive(1e-8),
        weightDecay: rateField(0.1),
      },
      config,
    );
    this.learningRate = this.config.learningRate;
  }

  /**
   * One step: changes the variables that have these names. Those without a gradient stay as they are.
   * @param scale A scalar that all gradients are multiplied by: the factor of clipping. Default 1.
   */
  override applyGradients(variableGradients: Gradients, scale?: tf.Tensor): void {
    const list = Array.isArray(variableGradients)
      ? variableGradients.map(({name, tensor}) => [name, tensor] as const)
      : Object.entries(variableGradients);
    const updates = list.flatMap(([name, gradient]) => {
      if (!gradient) return [];
      const weight = tf.engine().registeredVariables[name];
      const {first, second} = this.momentsOf(weight);
      const weightDecay = weight.rank >= 2 ? this.config.weightDecay : 0;
      return [{weight, gradient, first, second, weightDecay}];
    });
    const {learningRate} = this;
    const {betas, epsilon} = this.config;
    tf.tidy(() => {
      const next = adamWStep(updates, {step: this.iterations + 1, learningRate, betas, epsilon}, scale);
      updates.forEach(({weight, first, second}, i) => {
        weight.assign(next[i].weight);
        first.assign(next[i].first);
        second.assign(next[i].second);
      });
    });
    // A step that threw was none.
    this.incrementIterations();
  }

  private momentsOf(weight: tf.Variable): Moments {
    const known = this.moments.get(weight.name);
    if (known) return known;
    const moments = this.unclaimed[0] ?? freshMoments(weight);
    const {name, first} = moments;
    if (first.shape.join() !== weight.shape.join())
      throw new ShapeError(
        `AdamW: the moments of ${name} [${first.shape}] were loaded for ${weight.name} [${weight.shape}]; the model or its order of weights is another one`,
      );
    this.unclaimed.shift();
    this.moments.set(weight.name, moments);
    return moments;
  }

  /** The number of steps, then `first` and `second` of each weight; all of them stay the optimizer's. */
  override async getWeights(): ReturnType<tf.Optimizer['getWeights']> {
    const all = [...this.moments.values(), ...this.unclaimed];
    const named = all.flatMap(({name, first, second}) => [
      {name: `${name}/first`, tensor: first},
      {name: `${name}/second`, tensor: second},
    ]);
    // tfjs's save() forgets about this tensor.
    this.savedIterations?.dispose();
    const iterations = await this.saveIterations();
    this.savedIterations = iterations.tensor;
    return [iterations, ...named];
  }

  /** Goes on from what `getWeights` gave; the tensors are copied. */
  override async setWeights(weightValues: Parameters<tf.Optimizer['setWeights']>[0]): Promise<void> {
    const values = await this.extractIterations(weightValues);
    this.disposeMoments();
    for (let i = 0; i + 1 < values.length; i += 2) {
      const [first, second] = [values[i], values[i + 1]].map(({tensor}) => tf.variable(tensor, false));
      this.unclaimed.push({name: values[i].name.replace(/\/first$/, ''), first, second});
    }
  }

  override getConfig(): tf.serialization.ConfigDict {
    const {betas, epsilon, weightDecay} = this.config;
    return {learningRate: this.learningRate, betas: [...betas], epsilon, weightDecay};
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    // tfjs passes fields of its own along.
    const {learningRate, betas, epsilon, weightDecay} = config;
    return new cls({learningRate, betas, epsilon, weightDecay});
  }

  /** Frees the moments. */
  override dispose(): void {
    this.savedIterations?.dispose();
    this.disposeMoments();
  }

  private disposeMoments(): void {
    for (const {first, second} of [...this.moments.values(), ...this.unclaimed]) tf.dispose([first, second]);
    this.moments.clear();
    this.unclaimed = [];
  }
}
tf.serialization.registerClass(AdamW);

function freshMoments(weight: tf.Variable): Moments {
  return tf.tidy(() => {
    const [first, second] = [0, 1].map(() => tf.zerosLike(weight));
    return {name: weight.name, first: tf.variable(first, false), second: tf.variable(second, false)};
  });
}
