import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  embeddingLookup,
  type ForwardOptions,
  lastDimension,
  normal,
  positionAfter,
  requireWithin,
  type StateTree,
  type StreamStep,
  tokenPositions,
} from '@variants/core';

/** The first rows of the authors' table, which no position uses. */
export const UNUSED_ROWS = 2;

/** Options of {@link OffsetPositions}. */
export interface OffsetPositionsConfig {
  /** The longest sequence there are positions for. */
  positions: number;
}

/**
 * Adds a learned vector per position to its input [batch, time, hidden]: row n + 2 of its table at position n, as fairseq,
 * which torchscale follows, keeps two rows for padding. Weight `table` [positions + 2, hidden].
 */
export class OffsetPositions extends CausalLayer<OffsetPositionsConfig> {
  static readonly className = 'LongNetOffsetPositions';
  private table!: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    this.table = this.weight('table', [this.config.positions + UNUSED_ROWS, hiddenSize], normal(hiddenSize ** -0.5));
  }

  override get contextLength(): number {
    return this.config.positions;
  }

  advance(x: tf.Tensor, state: StateTree | null, _options: ForwardOptions): StreamStep {
    const before = state as tf.Tensor | null;
    const time = x.shape[1] as number;
    requireWithin(this.contextLength, time, this.path);
    const rows = tokenPositions(time, before).add(tf.scalar(UNUSED_ROWS, 'int32'));
    return {output: x.add(embeddingLookup(this.table.read(), rows)), state: positionAfter(time, before)};
  }
}
tf.serialization.registerClass(OffsetPositions);
