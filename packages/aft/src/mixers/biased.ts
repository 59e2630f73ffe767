import * as tf from '@tensorflow/tfjs';
import {DataError, type ForwardOptions, normal, requireWithin, type StateTree, type StreamStep} from '@variants/core';
import type {HistoryState} from '../average/streams';
import {biasAt, type PositionBias} from '../biases';
import {mixerDefaults} from '../config';
import {aftFull, aftLocal, continueAftFull, continueAftLocal, type LocalState} from '../ops';
import {AttentionFree, type MixerConfig} from './attention-free';

/** Options of the mixers that have a bias for each pair of positions. */
export interface BiasedConfig extends MixerConfig {
  /** Positions that there are biases for: the longest sequence. */
  maxSequenceLength: number;
  /** Columns d' of the factors u and v of the biases w = u vᵀ; 0 for a matrix. Default 0. */
  factorSize?: number;
}

/** The weights of the biases: `position_bias` [positions, positions], or `row_factors` and `column_factors`. */
abstract class BiasedMixer<Config extends BiasedConfig> extends AttentionFree<Config> {
  private biasWeights!: tf.LayerVariable[];

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  protected override buildAverage(): void {
    const {maxSequenceLength: positions, factorSize = 0} = this.config;
    const weight = (name: string, columns: number) => this.weight(name, [positions, columns], normal(0.01));
    this.biasWeights =
      factorSize === 0
        ? [weight('position_bias', positions)]
        : [weight('row_factors', factorSize), weight('column_factors', factorSize)];
  }

  /** The biases of all positions. */
  protected get bias(): PositionBias {
    const [rows, columns] = this.biasWeights.map((variable) => variable.read());
    return columns ? {rows, columns} : rows;
  }

  /** The biases of a whole sequence for itself. */
  protected biasFor({shape: [, time]}: tf.Tensor): PositionBias {
    return biasAt(this.bias, time as number, time as number);
  }

  protected override checkInput(x: tf.Tensor, {attentionMask}: ForwardOptions): void {
    requireWithin(this.contextLength, x.shape[1] as number, this.path);
    if (attentionMask && this.config.causal)
      throw new DataError(
        `${this.path}: attentionMask is given, but biases of positions are the same for all rows, which padding would shift; feed rows of different lengths one by one`,
      );
  }
}

/**
 * AFT-full as a layer: averages with a bias for each pair of positions (see `ops.aftFull`). A stream remembers keys and
 * values of all positions.
 */
export class AftFull extends BiasedMixer<BiasedConfig> {
  static readonly className = 'AftFull';

  protected average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor {
    return aftFull(keys, values, this.biasFor(keys), {causal: this.config.causal});
  }

  protected override continueAverage(
    keys: tf.Tensor,
    values: tf.Tensor,
    state: StateTree | null,
    {capacity = this.contextLength}: ForwardOptions,
  ): StreamStep {
    return continueAftFull(keys, values, this.bias, state as HistoryState | null, capacity);
  }
}
tf.serialization.registerClass(AftFull);

/** Options of {@link AftLocal}. */
export interface LocalConfig extends BiasedConfig {
  /** s: positions have a bias where they are less than s apart. Default 32. */
  windowSize?: number;
}

/**
 * AFT-local as a layer: averages with a bias for each pair of positions in a window (see `ops.aftLocal`). A stream remembers
 * keys and values of the window and the sums over all before.
 */
export class AftLocal extends BiasedMixer<LocalConfig> {
  static readonly className = 'AftLocal';

  private get windowSize(): number {
    return this.config.windowSize ?? mixerDefaults.windowSize;
  }

  protected average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor {
    const {windowSize, config} = this;
    return aftLocal(keys, values, this.biasFor(keys), {windowSize, causal: config.causal});
  }

  protected override continueAverage(keys: tf.Tensor, values: tf.Tensor, state: StateTree | null): StreamStep {
    return continueAftLocal(keys, values, this.bias, {windowSize: this.windowSize}, state as LocalState | null);
  }
}
tf.serialization.registerClass(AftLocal);
