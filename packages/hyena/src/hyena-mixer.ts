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
import {splitProjections} from './channels';
import {type RecurrenceParts, recurrence} from './hyena-ops';

/** Options of a {@link HyenaMixer}. */
export interface HyenaMixerConfig {
  /** N: gates, one more than long convolutions; at least 2. Default 2. */
  order?: number;
  /** Positions of the short convolution. Default 3. */
  shortFilterSize?: number;
  /** Heads, which share filters. Default 1. */
  numHeads?: number;
  /** Gates are summed over the channels of a head. Default false. */
  outerMixing?: boolean;
  /** Mixes the heads behind each long convolution. Default false. */
  headMixing?: boolean;
  /** Before the output projection. Default 'identity'. */
  activation?: Activation;
  /** Dropout on the gated values. Default 0. */
  dropout?: number;
}

/** How a {@link HyenaMixer}'s first weights are drawn; each as in a Linear where missing. */
export interface HyenaMixerInitializers {
  projections?: Initializer;
  output?: Initializer;
}

/** Long convolution number o of v [batch, time, width], its skip term included; times the gate where one is given. */
export type Convolve = RecurrenceParts['convolve'];

/** The long convolutions of one piece of a stream. */
export interface StreamedConvolutions {
  convolve: Convolve;
  /** What the next piece needs, when all were computed. */
  after(): StateTree;
}

/** What a stream remembers: the last rows of the projections, and what the long convolutions need. */
export type HyenaMixerState = {short: StateTree; long: StateTree};

/**
 * Hyena's operator (Poli et al. 2023), [batch, time, hidden] to the same, whatever its filters are made of:
 *
 *     x_0, .., x_{N-1}, v = short(x W_in + b_in);      y = activation(recurrence(v, x)) W_out + b_out
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

  /** The long convolutions of a whole sequence x [batch, time, hidden]. */
  protected abstract whole(x: tf.Tensor): Convolve;

  /** The long convolutions of the next piece x of a stream, from what the piece before left. */
  protected abstract streamed(x: tf.Tensor, state: StateTree, options: ForwardOptions): StreamedConvolutions;

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.mix(this.short.forward(this.projections.forward(x), options), options, this.whole(x));
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as HyenaMixerState | null;
    const long = this.streamed(x, before?.long ?? null, options);
    const {output: u, state: short} = this.short.advance(this.projections.forward(x), before?.short ?? null, options);
    const output = this.mix(u, options, long.convolve);
    return {output, state: {short, long: long.after()}};
  }

  /** All that follows the short convolution. */
  private mix(u: tf.Tensor, options: ForwardOptions, convolve: Convolve): tf.Tensor {
    const {order = 2, numHeads = 1} = this.config;
    const groups = splitProjections(u, order, numHeads);
    const [gates, value] = [groups.slice(0, order), groups[order]];
    const mixed = recurrence(value, gates, {...this.parts(options), convolve: withoutPadding(convolve, options)});
    return this.outputProjection.forward(activation(this.config.activation ?? 'identity')(mixed));
  }

  private parts(options: ForwardOptions): Omit<RecurrenceParts, 'convolve'> {
    const {outerMixing, dropout = 0} = this.config;
    const drops = options.training && dropout > 0;
    return {
      ...((outerMixing || drops) && {
        applyGate: (v, gate) => this.dropout.forward(v.mul(outerMixing ? this.summedOverHeads(gate) : gate), options),
      }),
      ...(this.headMixing && {mixHeads: (v, o) => this.mixHeads(v, o)}),
    };
  }

  /** Each value is the sum over its head. */
  private summedOverHeads(gate: tf.Tensor): tf.Tensor {
    const {byHead, headSize} = this.inHeads(gate);
    return byHead.sum(-1, true).tile([1, 1, 1, headSize]).reshape(gate.shape);
  }

  /** v[g] <- Σ_h M[o, h, g] v[h] */
  private mixHeads(v: tf.Tensor, o: number): tf.Tensor {
    const {numHeads = 1} = this.config;
    const matrix = (this.headMixing as tf.LayerVariable).read().slice([o, 0, 0], [1, -1, -1]);
    const {byHead} = this.inHeads(v);
    const rows = byHead.transpose([0, 1, 3, 2]);
    const mixed = rows.reshape([-1, numHeads]).matMul(matrix.reshape([numHeads, numHeads]));
    return mixed.reshape(rows.shape).transpose([0, 1, 3, 2]).reshape(v.shape);
  }

  private inHeads(x: tf.Tensor): {byHead: tf.Tensor; headSize: number} {
    const {numHeads = 1} = this.config;
    const [batch, time, width] = x.shape as number[];
    const headSize = width / numHeads;
    return {byHead: x.reshape([batch, time, numHeads, headSize]), headSize};
  }
}

/** Convolutions that padding leaves no trace in. */
function withoutPadding(convolve: Convolve, {attentionMask}: ForwardOptions): Convolve {
  if (!attentionMask) return convolve;
  const mask = attentionMask.expandDims(2);
  return (v, o, gate) => convolve(v.mul(mask), o, gate);
}
