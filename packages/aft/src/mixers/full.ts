import * as tf from '@tensorflow/tfjs';
import type {ForwardOptions, StateTree, StreamStep} from '@variants/core';
import {appendHistory, averageAfter, growHistory, type HistoryState} from '../average/history-stream';
import {fromSharedRows, sharedRows} from '../average/rows';
import {biasAt, biasMatrix, piecePositions} from '../biases/position-bias';
import {aftFull} from '../ops/full';
import {type BiasedConfig, BiasedMixer} from './biased';

/**
 * AFT-full as a layer: averages with a bias for each pair of positions (see `ops.aftFull`). A stream remembers keys and
 * values of all positions.
 */
export class AftFull extends BiasedMixer<BiasedConfig> {
  static readonly className = 'AftFull';

  protected average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor {
    return aftFull(keys, values, this.biasFor(keys.shape[1] as number), {causal: this.config.causal});
  }

  protected override averageNext(
    keys: tf.Tensor,
    values: tf.Tensor,
    state: StateTree | null,
    {capacity = this.contextLength}: ForwardOptions,
  ): StreamStep {
    const [batch, time] = keys.shape as number[];
    const held = state as HistoryState | null;
    const before = held ? growHistory(held, capacity) : null;
    const positions = piecePositions(time, before?.length ?? null);
    const rows = sharedRows(keys, values);
    const average = averageAfter(rows, before, {
      own: biasMatrix(biasAt(this.bias, positions, positions)),
      history: before && biasMatrix(biasAt(this.bias, positions, before.keys.shape[1] as number)),
    });
    return {output: fromSharedRows(average, batch), state: appendHistory(rows, before, capacity)};
  }
}
tf.serialization.registerClass(AftFull);
