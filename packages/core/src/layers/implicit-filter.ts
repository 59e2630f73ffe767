import * as tf from '@tensorflow/tfjs';
import {requireWithin} from '../streams/stream-state';
import type {Initializer} from './initializers';
import {type LayerOptions, VariantLayer} from './layer';
import {Linear, type LinearInitializers} from './linear';

/** Options of {@link ImplicitFilter}. */
export interface ImplicitFilterConfig {
  /** Channels W of the filter. */
  channels: number;
  /** Positions L that there are taps for. */
  maxSequenceLength: number;
  /** Features E of a position, odd and at least 3: the time, then cosines and sines. Default 3. */
  positionSize?: number;
  /** Width F of the network. Default 64. */
  hiddenSize?: number;
  /** Layers of the network between the first and the last. Default 2. */
  numInnerLayers?: number;
  /** What the frequencies ω of the sines begin at. Default 1. */
  frequency?: number;
  /** A constant factor a of the sines' arguments. Default 1. */
  frequencyScale?: number;
  /** The window that lets far taps decay. Default true. */
  modulated?: boolean;
  /** The window's least value b. Default 0. */
  shift?: number;
  /** Divides the taps of a position by the sum of their absolute values. Default false. */
  normalized?: boolean;
  /** Whether training moves the features of positions. Default true. */
  trainPositions?: boolean;
  /** Whether training moves the rates of decay. Default false. */
  trainDecays?: boolean;
  /** A second network, for taps of the positions that follow. Default false. */
  bidirectional?: boolean;
}

/** How an {@link ImplicitFilter}'s first weights are drawn: those of its Linears. */
export type ImplicitFilterInitializers = LinearInitializers;

/**
 * The filter of a long convolution as a function of the position, learned by a small network of sines (Poli et al. 2023,
 * "Hyena Hierarchy", section 3.3):
 *
 *     z_j = (t_j, cos(f_1 w_j), .., -sin(f_1 w_j), ..);   t_j = j / (L - 1);   w_j = 2π j / L
 *     h_j = sin(a ω * (z_j A_0 + b_0)), through all layers;   k_j = (h_j A) * (exp(-t_j |δ|) + b)
 *
 * It depends on no data: its `forward` gives the filter [time, channels] of a sequence [batch, time, ...], and shorter
 * sequences get the first taps of longer ones.
 *
 * Weights `positions` z [length, E], `frequency` ω [F], which all layers share, `decays` δ [channels]; children `layer_0`
 * [E, F], `layer_1` .. [F, F], the last [F, channels] without bias; of the second network `future_0` ..
 */
export class ImplicitFilter extends VariantLayer<ImplicitFilterConfig> {
  static readonly className = 'VariantsImplicitFilter';
  private positions!: tf.LayerVariable;
  private frequency!: tf.LayerVariable;
  private decays!: tf.LayerVariable;
  private layers!: Linear[];
  private futureLayers?: Linear[];

  constructor(
    config: ImplicitFilterConfig & LayerOptions,
    private readonly initializers: ImplicitFilterInitializers = {},
  ) {
    super(config);
  }

  override build(): void {
    const {channels, maxSequenceLength, positionSize = 3, hiddenSize = 64} = this.config;
    const {frequency = 1, trainPositions = true, trainDecays = false, modulated = true, bidirectional} = this.config;
    this.positions = this.weight('positions', [maxSequenceLength, positionSize], positionFeatures, trainPositions);
    this.frequency = this.weight('frequency', [hiddenSize], (shape) => new Float32Array(shape[0]).fill(frequency));
    // The authors keep them even where there is no window.
    this.decays = this.weight('decays', [channels], decayRates, trainDecays && modulated);
    this.layers = this.network('layer');
    if (bidirectional) this.futureLayers = this.network('future');
  }

  private network(name: string): Linear[] {
    const {channels, positionSize = 3, hiddenSize = 64, numInnerLayers = 2} = this.config;
    const sizes = [positionSize, ...new Array(numInnerLayers + 1).fill(hiddenSize), channels];
    return sizes.slice(1).map((units, i) => {
      const useBias = i <= numInnerLayers;
      return this.child(`${name}_${i}`, new Linear({units, useBias}, this.initializers), [null, sizes[i]]);
    });
  }

  /** The filter as long as a sequence x [batch, time, ...]: [time, channels]. */
  forward(x: tf.Tensor): tf.Tensor {
    return this.filter(x.shape[1] as number);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [inputShape[1], this.config.channels];
  }

  /**
   * The first taps of the filter, [length, channels]: tap j is for what lies j positions back.
   * @throws ShapeError beyond maxSequenceLength.
   */
  filter(length: number): tf.Tensor2D {
    return this.taps(this.layers, length);
  }

  /**
   * Where the filter is bidirectional, its first taps for positions that follow, [length, channels]: tap j is for what
   * lies j + 1 positions ahead.
   * @throws ShapeError beyond maxSequenceLength.
   */
  futureFilter(length: number): tf.Tensor2D {
    return this.taps(this.futureLayers ?? [], length);
  }

  private taps(layers: Linear[], length: number): tf.Tensor2D {
    const {maxSequenceLength, frequencyScale = 1, normalized = false} = this.config;
    requireWithin(maxSequenceLength, length, this.path);
    return tf.tidy(() => {
      const frequency = this.frequency.read().mul(frequencyScale);
      const features = this.positions.read().slice([0, 0], [length, -1]);
      const taps = layers.reduce((h, layer, i) => layer.forward(i === 0 ? h : h.mul(frequency).sin()), features);
      const windowed = this.withWindow(taps, length);
      return (normalized ? windowed.div(windowed.abs().sum(-1, true)) : windowed) as tf.Tensor2D;
    });
  }

  private withWindow(taps: tf.Tensor, length: number): tf.Tensor {
    const {modulated = true, maxSequenceLength, shift = 0} = this.config;
    if (!modulated) return taps;
    const times = Float32Array.from({length}, (_, j) => timeOf(j, maxSequenceLength));
    const rates = this.decays.read().abs().neg().reshape([1, -1]);
    return taps.mul(tf.tensor2d(times, [length, 1]).matMul(rates).exp().add(shift));
  }
}
tf.serialization.registerClass(ImplicitFilter);

/** t of position j of a sequence of `length`: 0 at the first, 1 at the last. */
const timeOf = (j: number, length: number) => j / Math.max(1, length - 1);

/** z of all positions, [length, E]. */
const positionFeatures: Initializer = ([length, size]) => {
  const bands = (size - 1) / 2;
  const frequencies = Array.from({length: bands}, (_, i) => {
    const share = bands > 1 ? i / (bands - 1) : 0;
    return 1e-4 + share * (bands - 1 - 1e-4);
  });
  const features = new Float32Array(length * size);
  for (let j = 0; j < length; j++) {
    const w = (2 * Math.PI * j) / length;
    const waves = [...frequencies.map((f) => Math.cos(f * w)), ...frequencies.map((f) => -Math.sin(f * w))];
    features.set([timeOf(j, length), ...waves], j * size);
  }
  return features;
};

/** δ, from slow to fast: the window has fallen to 0.01 after 1.5 to 0.3 of the longest sequence. */
const decayRates: Initializer = ([channels]) => {
  const [slow, fast] = [Math.log(0.01) / 1.5, Math.log(0.01) / 0.3];
  return Float32Array.from({length: channels}, (_, c) => slow + ((fast - slow) * c) / Math.max(1, channels - 1));
};
