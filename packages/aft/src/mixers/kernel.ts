import type * as tf from '@tensorflow/tfjs';
import {ConfigError, normal, zeros} from '@variants/core';
import {standardizedKernel} from '../biases/kernel-bias';
import {AttentionFree, type MixerConfig} from './attention-free';

/** Options of the mixers of AFT-conv. */
export interface KernelConfig extends MixerConfig {
  /** Heads: each has one key per position, and a kernel. */
  numHeads: number;
  /** s, the taps of a kernel along an axis; odd unless the layer is causal. */
  kernelSize: number;
  /** Added to the variance of a kernel's taps. Default 1e-6. */
  kernelEpsilon?: number;
}

/**
 * The kernels of AFT-conv (see `ops.standardizedKernel`). Weights `taps` [heads, s] or [heads, s, s], `gamma` and `beta`
 * [heads], both at first 0: biases then are 0, as in AFT-simple.
 */
export abstract class KernelMixer extends AttentionFree<KernelConfig> {
  private taps!: tf.LayerVariable;
  private gamma!: tf.LayerVariable;
  private beta!: tf.LayerVariable;

  /** Axes of the kernel. */
  protected abstract readonly axes: 1 | 2;

  protected override checkOptions(mixerSize: number): void {
    const {numHeads, kernelSize, causal} = this.config;
    if (mixerSize % numHeads !== 0)
      throw new ConfigError(`${this.path}: numHeads is ${numHeads}, but must divide the width ${mixerSize}`);
    if (!causal && kernelSize % 2 === 0)
      throw new ConfigError(`${this.path}: kernelSize is ${kernelSize}, but must be odd unless the layer is causal`);
  }

  protected override keySize(): number {
    return this.config.numHeads;
  }

  protected buildAverage(): void {
    const {numHeads, kernelSize} = this.config;
    this.taps = this.weight('taps', [numHeads, ...new Array(this.axes).fill(kernelSize)], normal(1));
    this.gamma = this.weight('gamma', [numHeads], zeros);
    this.beta = this.weight('beta', [numHeads], zeros);
  }

  /** The biases by distance, in the shape of the taps. */
  protected get kernel(): tf.Tensor {
    const [taps, gamma, beta] = [this.taps, this.gamma, this.beta].map((variable) => variable.read());
    return standardizedKernel(taps, gamma, beta, this.config.kernelEpsilon);
  }
}
