import type * as tf from '@tensorflow/tfjs';
import {DataError, type ForwardOptions, normal, requireWithin} from '@variants/core';
import {biasAt, type PositionBias} from '../biases/position-bias';
import {AttentionFree, type MixerConfig} from './attention-free';

/** Options of the mixers that have a bias for each pair of positions. */
export interface BiasedConfig extends MixerConfig {
  /** Positions that there are biases for: the longest sequence. */
  maxSequenceLength: number;
  /** Columns d' of the factors u and v of the biases w = u vᵀ; 0 for a matrix. Default 0. */
  factorSize?: number;
}

/** The weights of the biases: `position_bias` [positions, positions], or `row_factors` and `column_factors`. */
export abstract class BiasedMixer<Config extends BiasedConfig> extends AttentionFree<Config> {
  private biasWeights!: tf.LayerVariable[];

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  protected buildAverage(): void {
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
  protected biasFor(time: number): PositionBias {
    return biasAt(this.bias, time, time);
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    this.checkInput(x, options);
    return super.forward(x, options);
  }

  override advance(
    ...args: Parameters<AttentionFree<Config>['advance']>
  ): ReturnType<AttentionFree<Config>['advance']> {
    this.checkInput(args[0], args[2]);
    return super.advance(...args);
  }

  private checkInput(x: tf.Tensor, {attentionMask}: ForwardOptions): void {
    requireWithin(this.contextLength, x.shape[1] as number, this.path);
    if (attentionMask && this.config.causal)
      throw new DataError(
        `${this.path}: attentionMask is given, but biases of positions are the same for all rows, which padding would shift; feed rows of different lengths one by one`,
      );
  }
}
