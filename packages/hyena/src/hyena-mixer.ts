import type * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  activation,
  CausalLayer,
  ConfigError,
  Dropout,
  type ForwardOptions,
  type Initializer,
  type LayerOptions,
  Linear,
  lastDimension,
  normal,
  ShortConvolution,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {alternateGates, type GatedConvolution} from './hyena-ops';

/** Options of a {@link HyenaMixer}. */
export interface HyenaMixerConfig {
  /** N: gates, one more than long convolutions; at least 2. Default 2. */
  order?: number;
  /** Positions of the short convolution. Default 3. */
  shortFilterSize?: number;
  /** Heads, which share filters; must divide the width. Default 1. */
  numHeads?: number;
  /** Gates are summed over the channels of a head, but for the one that comes last. Default false. */
  outerMixing?: boolean;
  /** Mixes the heads behind each long convolution. Default false. */
  headMixing?: boolean;
  /** Before the output projection. Default 'identity'. */
  activation?: Activation;
  /** Dropout on the gated values that a long convolution takes. Default 0. */
  dropout?: number;
}

/** How a {@link HyenaMixer}'s first weights are drawn; each as in a Linear where missing. */
export interface HyenaMixerInitializers {
  projections?: Initializer;
  output?: Initializer;
}

/** Long convolution number o of v [batch, time, width], its skip term included; times the gate where one is given. */
export type Convolve = (v: tf.Tensor, o: number, gate?: tf.Tensor) => tf.Tensor;

/** The long convolutions of one piece of a stream. */
export interface StreamedConvolutions {
  convolve: Convolve;
  /** What the next piece needs, when all were computed. */
  after(): StateTree;
}

/** What a stream remembers: the last rows of the projections, and what the long convolutions need. */
export type HyenaMixerState = {short: StateTree; long: StateTree};

/**
 * The token mixer around the operator (Poli et al. 2023, section 3), [batch, time, hidden] to the same, whatever the filters
 * are made of:
 *
 *     x_0, .., x_{N-1}, v = short(x W_in + b_in)
 *     y = activation(operator(v, x_0 .. x_{N-1})) W_out + b_out
 *
 * Children `projections` [hidden, (N+1) hidden], `short`, `output` [hidden, hidden]; weight `head_mixing` [N, heads, heads]
 * where heads are mixed, whose last matrix is never used.
 */
export abstract class HyenaMixer<Config extends HyenaMixerConfig> extends CausalLayer<Config> {
  private projections!: Linear;
  private short!: ShortConvolution;
  private outputProjection!: Linear;
  private headMixing?: tf.LayerVariable;
  private dropout!: Dropout;

  constructor(
    config: Config & LayerOptions,
    private readonly mixerInitializers: HyenaMixerInitializers = {},
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const {order = 2, numHeads = 1, shortFilterSize: size = 3, headMixing, dropout = 0} = this.config;
    const {projections: kernel, output} = this.mixerInitializers;
    const width = lastDimension(inputShape, this.path);
    if (width % numHeads !== 0)
      throw new ConfigError(`${this.path}: numHeads is ${numHeads}, but must divide the width ${width}`);
    const wide = [null, null, (order + 1) * width];
    this.projections = this.child('projections', new Linear({units: (order + 1) * width}, {kernel}), inputShape);
    this.short = this.child('short', new ShortConvolution({size}), wide);
    this.buildFilters(((order - 1) * width) / numHeads);
    if (headMixing) {
      const shape = [order, numHeads, numHeads];
      this.headMixing = this.weight('head_mixing', shape, normal(1 / Math.sqrt(width / numHeads)));
    }
    this.outputProjection = this.child('output', new Linear({units: width}, {kernel: output}), inputShape);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), inputShape);
  }

  /** Makes what the filters are made of. @param channels Those of all filters of one head. */
  protected abstract buildFilters(channels: number): void;

  /** The long convolutions of a whole sequence of so many positions. */
  protected abstract whole(time: number): Convolve;

  /** The long convolutions of the next so many positions of a stream, from what the piece before left. */
  protected abstract streamed(time: number, state: StateTree, options: ForwardOptions): StreamedConvolutions;

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const convolve = this.whole(x.shape[1] as number);
    return this.operate(this.short.forward(this.projections.forward(x), options), convolve, options);
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as HyenaMixerState | null;
    const {convolve, after} = this.streamed(x.shape[1] as number, before?.long ?? null, options);
    const {output: u, state: short} = this.short.advance(this.projections.forward(x), before?.short ?? null, options);
    return {output: this.operate(u, convolve, options), state: {short, long: after()}};
  }

  /** All that follows the short convolution, on its output u [batch, time, (N+1) hidden]. */
  private operate(u: tf.Tensor, convolve: Convolve, options: ForwardOptions): tf.Tensor {
    const {order = 2, numHeads = 1, outerMixing, activation: name = 'identity'} = this.config;
    const groups = splitProjections(u, order, numHeads);
    const [x, value] = [groups.slice(0, order), groups[order]];
    const gates = outerMixing ? [x[0], ...x.slice(1).map((gate) => summedOverHeads(gate, numHeads))] : x;
    const v = alternateGates(value, gates, this.gated(convolve, options));
    return this.outputProjection.forward(activation(name)(v));
  }

  /** The convolutions with dropout in front of them, and behind them the mixed heads and the gate. */
  private gated(convolve: Convolve, options: ForwardOptions): GatedConvolution {
    // Padding must leave no trace in what follows it.
    const mask = options.attentionMask?.expandDims(2);
    return (v, o, gate) => {
      const dropped = this.dropout.forward(v, options);
      const input = mask ? dropped.mul(mask) : dropped;
      if (!this.headMixing) return convolve(input, o, gate);
      const matrix = this.headMixing.read().slice([o], [1]).squeeze<tf.Tensor2D>([0]);
      return mixHeads(convolve(input, o), matrix).mul(gate);
    };
  }
}

/**
 * The value and gates in projections [batch, time, (order + 1) width]: of each head x_0, .., x_{order-1}, v, one after the
 * other. Returned in that order, [batch, time, width] each.
 */
function splitProjections(u: tf.Tensor, order: number, numHeads: number): tf.Tensor[] {
  const [batch, time, size] = u.shape as number[];
  if (numHeads === 1) return u.split(order + 1, 2);
  const width = size / (order + 1);
  const inHeads = u.reshape([batch, time, numHeads, order + 1, width / numHeads]);
  return inHeads.split(order + 1, 3).map((group) => group.reshape([batch, time, width]));
}

/** [batch, time, width] as [batch, time, heads, head size]. */
function byHead(x: tf.Tensor, numHeads: number): tf.Tensor {
  const [batch, time, width] = x.shape as number[];
  return x.reshape([batch, time, numHeads, width / numHeads]);
}

/** Each value is the sum over its head, [batch, time, width]. */
function summedOverHeads(x: tf.Tensor, numHeads: number): tf.Tensor {
  const heads = byHead(x, numHeads);
  return heads
    .sum(-1, true)
    .tile([1, 1, 1, heads.shape[3] as number])
    .reshape(x.shape);
}

/** v[g] <- Σ_h M[h, g] v[h] of heads g and h, [batch, time, width]. */
function mixHeads(v: tf.Tensor, matrix: tf.Tensor2D): tf.Tensor {
  const numHeads = matrix.shape[0];
  const rows = byHead(v, numHeads).transpose([0, 1, 3, 2]);
  const mixed = rows.reshape([-1, numHeads]).matMul(matrix);
  return mixed.reshape(rows.shape).transpose([0, 1, 3, 2]).reshape(v.shape);
}
