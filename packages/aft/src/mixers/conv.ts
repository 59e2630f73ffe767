import * as tf from '@tensorflow/tfjs';
import {ConfigError, normal, type StateTree, type StreamStep, zeros} from '@variants/core';
import type {WindowState} from '../average/streams';
import {mixerDefaults} from '../config';
import {aftConv, aftConv2d, continueAftConv, standardizedTaps} from '../conv-ops';
import {AttentionFree, type MixerConfig} from './attention-free';

/** Options of the mixers of AFT-conv. */
export interface TapsConfig extends MixerConfig {
  /** Heads: each has one key per position, and taps. Default: one per 16 of the width, or 1. */
  numHeads?: number;
  /** s, the taps of a head along an axis; odd unless the layer is causal. Default 11. */
  kernelSize?: number;
  /** Added to the variance of a head's taps. Default 1e-6. */
  kernelEpsilon?: number;
}

/**
 * The biases of AFT-conv (see `ops.standardizedTaps`). Weights `taps` [heads, s] or [heads, s, s], `gamma` and `beta`
 * [heads], both at first 0: biases then are 0, as in AFT-simple.
 */
abstract class TapsMixer extends AttentionFree<TapsConfig> {
  private rawTaps!: tf.LayerVariable;
  private gamma!: tf.LayerVariable;
  private beta!: tf.LayerVariable;

  /** Axes that the taps lie along. */
  protected abstract readonly axes: 1 | 2;

  private get kernelSize(): number {
    return this.config.kernelSize ?? mixerDefaults.kernelSize;
  }

  protected override checkOptions(mixerSize: number): void {
    const numHeads = this.keySize(mixerSize);
    if (mixerSize % numHeads !== 0)
      throw new ConfigError(`${this.path}: numHeads is ${numHeads}, but must divide the width ${mixerSize}`);
    if (!this.config.causal && this.kernelSize % 2 === 0)
      throw new ConfigError(
        `${this.path}: kernelSize is ${this.kernelSize}, but must be odd unless the layer is causal`,
      );
  }

  /** One for each head. */
  protected override keySize(mixerSize: number): number {
    return this.config.numHeads ?? mixerDefaults.numHeads(mixerSize);
  }

  protected override buildAverage(numHeads: number): void {
    this.rawTaps = this.weight('taps', [numHeads, ...new Array(this.axes).fill(this.kernelSize)], normal(1));
    this.gamma = this.weight('gamma', [numHeads], zeros);
    this.beta = this.weight('beta', [numHeads], zeros);
  }

  /** The biases by distance, in the shape of the weight. */
  protected get taps(): tf.Tensor {
    const [taps, gamma, beta] = [this.rawTaps, this.gamma, this.beta].map((variable) => variable.read());
    return standardizedTaps(taps, gamma, beta, this.config.kernelEpsilon);
  }
}

/**
 * AFT-conv of a sequence as a layer: averages with a bias for each distance, of each head (see `ops.aftConv`). A stream
 * remembers keys and values of as many positions as there are taps and the sums over all before.
 */
export class AftConv extends TapsMixer {
  static readonly className = 'AftConv';
  protected readonly axes = 1;

  protected average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor {
    return aftConv(keys, values, this.taps, {causal: this.config.causal});
  }

  protected override continueAverage(keys: tf.Tensor, values: tf.Tensor, state: StateTree | null): StreamStep {
    return continueAftConv(keys, values, this.taps, state as WindowState | null);
  }
}
tf.serialization.registerClass(AftConv);

/**
 * AFT-conv of images as a layer, [batch, rows, columns, hidden] to the same: averages with a bias for each distance of
 * places, of each head (see `ops.aftConv2d`). Any number of rows and columns. It has no causal form.
 */
export class AftConv2d extends TapsMixer {
  static readonly className = 'AftConv2d';
  protected readonly axes = 2;

  protected override checkOptions(mixerSize: number): void {
    if (this.config.causal)
      throw new ConfigError(`${this.path}: causal is true, but must be false, as the places of an image have no order`);
    super.checkOptions(mixerSize);
  }

  protected average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor {
    return aftConv2d(keys, values, this.taps);
  }
}
tf.serialization.registerClass(AftConv2d);
