import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  ConfigError,
  continueConvolution,
  type ForwardOptions,
  ImplicitFilter,
  type Initializer,
  lastDimension,
  longConvolution,
  normal,
  ShapeError,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {continueCausalMonarch} from './basis-stream';
import {type Basis, causalMonarch} from './causal-monarch';

/** How an {@link ImplicitConvolution} makes its filters. */
export interface ImplicitConvolutionConfig {
  /** The longest sequence. */
  maxSequenceLength: number;
  /** Features E of a position that the filters' network reads: odd and at least 3. Default 5. */
  positionSize?: number;
  /** Width F of the filters' network. Default 128. */
  filterSize?: number;
  /** What the frequencies of its sines begin at. Default 10. */
  frequency?: number;
  /** A constant factor of the sines' arguments. Default 1. */
  frequencyScale?: number;
  /** Whether training moves the features of positions. Default true. */
  trainPositions?: boolean;
  /** Positions look ahead too, by filters of their own. Default false. */
  bidirectional?: boolean;
  /**
   * Positions m of a group of the causal Monarch convolution, a divisor of maxSequenceLength, where the convolution is to be
   * one of coefficients in a learned basis; not with bidirectional. Default null: a plain convolution.
   */
  basisBlock?: number | null;
}

/**
 * A long convolution of each channel, whose filters are a function of the position (Poli et al. 2023):
 *
 *     y[t] = gate[t] (sum_{s <= t} k[t - s] x[s] + sum_{s > t} k'[s - t - 1] x[s] + skip x[t])
 *
 * with the second sum where it is bidirectional; with `basisBlock` the first is a causal Monarch convolution, see
 * `causalMonarch`. [batch, time, channels] to the same. Child `filter`; weights `skip` [channels], and of a basis `places` L
 * [m, m] and `groups` R [m, n, n], at first identities.
 */
export class ImplicitConvolution extends CausalLayer<ImplicitConvolutionConfig> {
  static readonly className = 'MonarchImplicitConvolution';
  private filter!: ImplicitFilter;
  private skip!: tf.LayerVariable;
  private places?: tf.LayerVariable;
  private groups?: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const channels = lastDimension(inputShape, this.path);
    const {filterSize: hiddenSize = 128, positionSize = 5, frequency = 10, basisBlock, ...rest} = this.config;
    const filter = new ImplicitFilter({...rest, channels, hiddenSize, positionSize, frequency});
    this.filter = this.child('filter', filter, inputShape);
    this.skip = this.weight('skip', [channels], normal(1));
    if (basisBlock) this.buildBasis(basisBlock, rest.maxSequenceLength);
  }

  private buildBasis(block: number, length: number): void {
    const groups = length / block;
    if (!Number.isInteger(groups))
      throw new ShapeError(`${this.path}: basisBlock ${block} must divide maxSequenceLength ${length}`);
    this.places = this.weight('places', [block, block], identities);
    this.groups = this.weight('groups', [block, groups, groups], identities);
  }

  /** The filters as long as a sequence, [time, channels], and those that look ahead where there are any. */
  filters(time: number): {past: tf.Tensor2D; future?: tf.Tensor2D} {
    const past = this.filter.filter(time);
    return this.config.bidirectional ? {past, future: this.filter.futureFilter(time)} : {past};
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  /** @param gate Multiplies the result, [batch, time, channels]. Default none. */
  override forward(x: tf.Tensor, _options?: ForwardOptions, gate?: tf.Tensor): tf.Tensor {
    const {past, future} = this.filters(x.shape[1] as number);
    const {basis} = this;
    if (basis) return this.finished(inBasis(x, past, basis), x, gate);
    return longConvolution(x, past, {skip: this.skip.read(), gate, future});
  }

  /**
   * The next rows of a stream.
   * @param gate Multiplies the result, [batch, time, channels]. Default none.
   * @throws ConfigError where it is bidirectional.
   */
  advance(x: tf.Tensor, state: StateTree | null, {capacity}: ForwardOptions, gate?: tf.Tensor): StreamStep {
    const {bidirectional, maxSequenceLength} = this.config;
    if (bidirectional) throw new ConfigError(`${this.path}: looks ahead, so it cannot be fed in pieces`);
    const room = Math.min(capacity ?? maxSequenceLength, maxSequenceLength);
    const kernel = (length: number) => this.filter.filter(length);
    const {basis} = this;
    if (!basis) return continueConvolution(x, state, room, kernel, {skip: this.skip.read(), gate});
    const step = continueCausalMonarch(x, state, room, {basis, kernel});
    return {output: this.finished(step.output, x, gate), state: step.state};
  }

  private get basis(): Basis | null {
    if (!this.places || !this.groups) return null;
    return {L: this.places.read() as tf.Tensor2D, R: this.groups.read() as tf.Tensor3D};
  }

  private finished(convolved: tf.Tensor, x: tf.Tensor, gate: tf.Tensor | undefined): tf.Tensor {
    const y = convolved.add(x.mul(this.skip.read()));
    return gate ? y.mul(gate) : y;
  }
}
tf.serialization.registerClass(ImplicitConvolution);

/** Causal: groups of positions beyond the sequence need not be there. */
function inBasis(x: tf.Tensor, filter: tf.Tensor2D, {L, R}: Basis): tf.Tensor {
  const [batch, time, channels] = x.shape as number[];
  const [m] = L.shape;
  const n = Math.ceil(time / m);
  const rest: [number, number] = [0, n * m - time];
  const whole = x.pad([[0, 0], rest, [0, 0]]);
  const kernel = filter.pad([rest, [0, 0]]) as tf.Tensor2D;
  return causalMonarch(whole, kernel, {L, R: R.slice([0, 0, 0], [m, n, n])}).slice([0, 0, 0], [batch, time, channels]);
}

/** Matrices [..., n, n] with ones on their diagonals. */
const identities: Initializer = (shape) => {
  const n = shape[shape.length - 1];
  const size = shape.reduce((product, length) => product * length, 1);
  return Float32Array.from({length: size}, (_, i) => Number((i % (n * n)) % (n + 1) === 0));
};
