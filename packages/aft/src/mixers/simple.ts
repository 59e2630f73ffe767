import * as tf from '@tensorflow/tfjs';
import type {StateTree, StreamStep, WeightedAverageState} from '@variants/core';
import {aftSimple, aftSimpleScan} from '../ops/simple';
import {AttentionFree, type MixerConfig} from './attention-free';

/**
 * AFT-simple as a layer: averages without position biases (see `ops.aftSimple`). A stream remembers three numbers per
 * channel, whatever the length.
 */
export class AftSimple extends AttentionFree<MixerConfig> {
  static readonly className = 'AftSimple';

  protected buildAverage(): void {}

  protected average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor {
    return aftSimple(keys, values, {causal: this.config.causal});
  }

  protected override averageNext(keys: tf.Tensor, values: tf.Tensor, state: StateTree | null): StreamStep {
    return aftSimpleScan(keys, values, state as WeightedAverageState | null);
  }
}
tf.serialization.registerClass(AftSimple);
