import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  ConfigError,
  type ForwardOptions,
  joinHeads,
  lastDimension,
  positionAfter,
  type StateTree,
  type StreamStep,
  splitHeads,
  streamPositions,
} from '@variants/core';
import {type RotaryOptions, rotary} from './rotary';

/** Options of {@link RotaryPositionsLayer}. */
export interface RotaryLayerConfig extends Pick<RotaryOptions, 'size' | 'base' | 'pairing' | 'scaling'> {
  /** Heads that the features are cut into, each of which turns alike. Default 1. */
  numHeads?: number;
}

/**
 * {@link rotary} of x [batch, time, heads · features] by its positions 0, 1, 2, ..., for queries and keys of attention that
 * knows nothing of it. No weights. A stream goes on counting; padding counts as positions do.
 */
export class RotaryPositionsLayer extends CausalLayer<RotaryLayerConfig> {
  static readonly className = 'RoFormerRotaryPositions';

  constructor(config: ConstructorParameters<typeof CausalLayer<RotaryLayerConfig>>[0] = {}) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const {numHeads = 1} = this.config;
    const features = lastDimension(inputShape, this.path);
    if (features % numHeads !== 0)
      throw new ConfigError(`${this.path}: numHeads is ${numHeads}, but must divide the width ${features}`);
  }

  advance(x: tf.Tensor, state: StateTree | null, _: ForwardOptions): StreamStep {
    const before = state as tf.Tensor | null;
    const time = x.shape[1] as number;
    const {numHeads = 1, size, base, pairing, scaling} = this.config;
    const turned = rotary(splitHeads(x, numHeads), streamPositions(time, before), {size, base, pairing, scaling});
    return {output: joinHeads(turned), state: positionAfter(time, before)};
  }
}
tf.serialization.registerClass(RotaryPositionsLayer);
