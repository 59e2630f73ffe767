import * as tf from '@tensorflow/tfjs';
import type {StateTree, StreamStep} from '@variants/core';
import {blocksFor} from '../average/blocks';
import {fromHeadRows, headRows} from '../average/rows';
import {advanceWindow, type WindowState} from '../average/window-stream';
import {kernelBias, tapAt} from '../biases/kernel-bias';
import {aftConv, convBiasBlocks, kernelReach} from '../ops/conv';
import {KernelMixer} from './kernel';

/**
 * AFT-conv of a sequence as a layer: averages with a bias for each distance, of each head (see `ops.aftConv`). A stream
 * remembers keys and values of the kernel's length and the sums over all before.
 */
export class AftConv extends KernelMixer {
  static readonly className = 'AftConv';
  protected readonly axes = 1;

  protected average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor {
    return aftConv(keys, values, this.kernel, {causal: this.config.causal});
  }

  protected override averageNext(keys: tf.Tensor, values: tf.Tensor, state: StateTree | null): StreamStep {
    const {kernelSize} = this.config;
    const {kernel} = this;
    const time = keys.shape[1] as number;
    const reach = kernelReach(kernelSize, true);
    const blocks = blocksFor(time, reach, true, true);
    const {average, state: next} = advanceWindow(headRows(keys, values), state as WindowState | null, {
      blocks,
      own: convBiasBlocks(kernel, blocks),
      window:
        reach === 0 ? null : kernelBias(kernel, time, reach, (row, key) => tapAt(key - reach - row, kernelSize, true)),
    });
    return {output: fromHeadRows(average), state: next};
  }
}
tf.serialization.registerClass(AftConv);
