import * as tf from '@tensorflow/tfjs';
import {
  type ForwardOptions,
  initializationSeed,
  type LayerOptions,
  lastDimension,
  Random,
  VariantLayer,
  zeros,
} from '@variants/core';
import {drawProjection} from '../ops/projection';

/** Options of {@link RandomProjection}. */
export interface RandomProjectionConfig {
  /** m, directions. */
  numFeatures: number;
}

/**
 * The directions of a layer's random features, shared by its heads: x [..., d] to x Pᵀ [..., m]. Weight `matrix` P [m, d],
 * which is drawn and not trained; {@link redraw} draws another.
 */
export class RandomProjection extends VariantLayer<RandomProjectionConfig> {
  static readonly className = 'PerformerRandomProjection';
  private variable!: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const size = lastDimension(inputShape, this.path);
    const draw = ([m, d]: number[], random: Random) => drawProjection(m, d, random);
    this.variable = this.weight('matrix', [this.config.numFeatures, size], draw, false);
  }

  /** P [m, d]. */
  get matrix(): tf.Tensor {
    return this.variable.read();
  }

  /** Other directions, drawn from a generator. */
  redraw(random: Random): void {
    const [m, d] = this.variable.shape as number[];
    tf.tidy(() => {
      this.variable.write(tf.tensor2d(drawProjection(m, d, random), [m, d]));
    });
  }

  forward(x: tf.Tensor): tf.Tensor {
    const [m, d] = this.variable.shape as number[];
    return tf.matMul(x.reshape([-1, d]), this.matrix, false, true).reshape([...x.shape.slice(0, -1), m]);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), this.config.numFeatures];
  }
}
tf.serialization.registerClass(RandomProjection);

/** Options of {@link ProjectionSchedule}. */
export interface ProjectionScheduleConfig {
  /** Calls in training between two draws. Default: the first directions stay. */
  interval?: number;
}

/**
 * When a model's directions are drawn anew, as the authors' code does: at the start of a call in training, if there were
 * `interval` calls since the last; that call does not count. So they come `interval` + 1 calls apart, and each call counts,
 * also where gradients of several are summed. As a layer of a chain it leaves x as it is. Weight `calls` [1], how many there
 * were, which a checkpoint keeps.
 *
 * New directions come from the generator of the training loop, so that a resumed run draws the same; `fit` brings none.
 */
export class ProjectionSchedule extends VariantLayer<ProjectionScheduleConfig> {
  static readonly className = 'PerformerProjectionSchedule';
  private calls!: tf.LayerVariable;
  private ownRandom!: Random;
  /** What the weight was given last, and its number: reading the weight back each time would wait for the device. */
  private known: {dataId: object; count: number} | null = null;

  /** @param projections Gives all that is drawn anew, when it is there. */
  constructor(
    config: ProjectionScheduleConfig & LayerOptions = {},
    private readonly projections: () => readonly RandomProjection[] = () => [],
  ) {
    super(config);
  }

  override build(): void {
    this.calls = this.weight('calls', [1], zeros, false);
    this.ownRandom = new Random(initializationSeed(), this.path);
  }

  /** Calls in training since the last draw. */
  get callsSinceDraw(): number {
    const value = this.calls.read();
    if (this.known?.dataId !== value.dataId) this.known = {dataId: value.dataId, count: value.dataSync()[0]};
    return this.known.count;
  }

  forward(x: tf.Tensor, {training, random = this.ownRandom}: ForwardOptions): tf.Tensor {
    const {interval} = this.config;
    if (training && interval !== undefined) this.count(interval, random);
    // A handle of its own, as a layer's output is.
    return x.clone();
  }

  private count(interval: number, random: Random): void {
    const isDue = this.callsSinceDraw >= interval;
    const count = isDue ? 0 : this.callsSinceDraw + 1;
    if (isDue) for (const projection of this.projections()) projection.redraw(random);
    tf.tidy(() => {
      this.calls.write(tf.tensor1d([count]));
    });
    this.known = {dataId: this.calls.read().dataId, count};
  }
}
tf.serialization.registerClass(ProjectionSchedule);
