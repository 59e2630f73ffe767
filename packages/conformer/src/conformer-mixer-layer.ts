import * as tf from '@tensorflow/tfjs';
import {
  activation,
  CausalLayer,
  type ForwardOptions,
  Linear,
  lastDimension,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {type ConformerMixerMemory, conformerMixer} from './conformer-mixer';

// REPLACE: the options, children and equation of the layer.

/** Options of {@link ConformerMixer}. */
export interface ConformerMixerConfig {
  /** Width V of values and gate. Default that of the input. */
  valueSize?: number;
}

/**
 * Gated running means, [batch, time, hidden] to the same:
 *
 *     v = x W_v
 *     y_t = (silu(x_t W_g) * mean_{s <= t} v_s) W_o
 *
 * Children `values`, `gate` [hidden, value], `output` [value, hidden].
 */
export class ConformerMixer extends CausalLayer<ConformerMixerConfig> {
  static readonly className = 'ConformerMixer';
  private values!: Linear;
  private gate!: Linear;
  private outputProjection!: Linear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {valueSize = hiddenSize} = this.config;
    const linear = (units: number) => new Linear({units, useBias: false});
    this.values = this.child('values', linear(valueSize), inputShape);
    this.gate = this.child('gate', linear(valueSize), inputShape);
    this.outputProjection = this.child('output', linear(hiddenSize), [null, valueSize]);
  }

  // A mixer with a faster form for whole sequences has a `forward` too; else they are the first piece of a stream.
  advance(x: tf.Tensor, state: StateTree | null, {attentionMask}: ForwardOptions): StreamStep {
    const present = attentionMask?.toFloat().expandDims(-1) ?? null;
    const before = state as ConformerMixerMemory | null;
    const {output: means, memory} = conformerMixer(this.values.forward(x), present, before);
    const gate = activation('silu')(this.gate.forward(x));
    return {output: this.outputProjection.forward(gate.mul(means)), state: memory};
  }
}
tf.serialization.registerClass(ConformerMixer);
