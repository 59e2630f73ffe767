import * as tf from '@tensorflow/tfjs';
import {positionAfter, type StateTree, type StreamStep} from '@variants/core';
import {blocksFor} from '../average/blocks';
import {fromSharedRows, sharedRows} from '../average/rows';
import {advanceWindow, type WindowState} from '../average/window-stream';
import {localBiasBlocks, windowBias} from '../biases/local-bias';
import {biasAt, piecePositions, positionsBefore} from '../biases/position-bias';
import {aftLocal} from '../ops/local';
import {type BiasedConfig, BiasedMixer} from './biased';

/** Options of {@link AftLocal}. */
export interface LocalConfig extends BiasedConfig {
  /** s: positions have a bias where they are less than s apart. */
  windowSize: number;
}

/** What a stream of {@link AftLocal} remembers: the window, and the position that follows, [1, 1] int32. */
type LocalState = WindowState & {position: tf.Tensor};

/**
 * AFT-local as a layer: averages with a bias for each pair of positions in a window (see `ops.aftLocal`). A stream remembers
 * keys and values of the window and the sums over all before.
 */
export class AftLocal extends BiasedMixer<LocalConfig> {
  static readonly className = 'AftLocal';

  protected average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor {
    const {windowSize, causal} = this.config;
    return aftLocal(keys, values, this.biasFor(keys.shape[1] as number), {windowSize, causal});
  }

  protected override averageNext(keys: tf.Tensor, values: tf.Tensor, state: StateTree | null): StreamStep {
    const {windowSize} = this.config;
    const [batch, time] = keys.shape as number[];
    const before = state as LocalState | null;
    const position = before?.position ?? null;
    const positions = piecePositions(time, position);
    const blocks = blocksFor(time, windowSize - 1, true, false);
    const {average, state: next} = advanceWindow(sharedRows(keys, values), before, {
      blocks,
      own: localBiasBlocks(biasAt(this.bias, positions, positions), windowSize, blocks),
      window:
        windowSize === 1
          ? null
          : windowBias(biasAt(this.bias, positions, positionsBefore(windowSize - 1, position)), windowSize),
    });
    return {output: fromSharedRows(average, batch), state: {...next, position: positionAfter(time, position)}};
  }
}
tf.serialization.registerClass(AftLocal);
