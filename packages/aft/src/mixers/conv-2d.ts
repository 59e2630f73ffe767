import * as tf from '@tensorflow/tfjs';
import {ConfigError} from '@variants/core';
import {aftConv2d} from '../ops/conv-2d';
import {KernelMixer} from './kernel';

/**
 * AFT-conv of images as a layer, [batch, rows, columns, hidden] to the same: averages with a bias for each distance of
 * places, of each head (see `ops.aftConv2d`). Any number of rows and columns. It has no causal form.
 */
export class AftConv2d extends KernelMixer {
  static readonly className = 'AftConv2d';
  protected readonly axes = 2;

  protected override checkOptions(mixerSize: number): void {
    if (this.config.causal)
      throw new ConfigError(`${this.path}: causal is true, but must be false, as the places of an image have no order`);
    super.checkOptions(mixerSize);
  }

  protected average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor {
    return aftConv2d(keys, values, this.kernel);
  }
}
tf.serialization.registerClass(AftConv2d);
