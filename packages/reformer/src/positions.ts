import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  embeddingLookup,
  type ForwardOptions,
  lastDimension,
  normal,
  positionAfter,
  requireArgument,
  requireTensors,
  requireWithin,
  ShapeError,
  type StateTree,
  type StreamStep,
  tokenPositions,
} from '@variants/core';

/**
 * Axial positions (Kitaev et al. 2020, section 4; Ho et al. 2019): a position is a number of several digits, and its vector
 * those of its digits side by side. With n_1 n_2 positions there are n_1 + n_2 vectors:
 *
 *     e(p) = [table_1[floor(p / n_2)], table_2[p mod n_2]]       (row-major digits, where there are more)
 *
 * @param tables [n_i, d_i] each
 * @param positions int32 of any shape, 0 to n_1 n_2 ... - 1
 * @returns [...positions, d_1 + d_2 + ...]
 */
export function axialPositions(tables: readonly tf.Tensor[], positions: tf.Tensor): tf.Tensor {
  requireArgument('axialPositions', 'tables', tables, Array.isArray(tables) && tables.length > 0, 'a list of tensors');
  for (const table of tables) requireTensors('axialPositions', {table});
  requireTensors('axialPositions', {positions});
  if (positions.dtype !== 'int32' || tables.some(({rank}) => rank !== 2))
    throw new ShapeError(
      `axialPositions: positions are ${positions.dtype} [${positions.shape}] and tables [${tables.map(({shape}) => shape).join('], [')}], but must be int32 and [rows, features] each`,
    );
  return tf.tidy(() => {
    let rest = positions;
    const parts = tables.toReversed().map((table) => {
      const count = tf.scalar(table.shape[0], 'int32');
      const digit = rest.mod(count).toInt();
      rest = rest.floorDiv(count).toInt();
      return embeddingLookup(table, digit);
    });
    return tf.concat(parts.reverse(), -1);
  });
}

/** Options of {@link PositionEmbeddings}. */
export interface PositionEmbeddingsConfig {
  /** The longest sequence there are positions for; the product of axialShape. */
  maxSequenceLength: number;
  /** How many values each digit of a position has, such as [64, 64]. Default: a vector for each position. */
  axialShape?: readonly number[];
  /** The features of each digit; they add up to the width. With axialShape alone. */
  axialSizes?: readonly number[];
}

/**
 * Adds a learned vector per position to its input [batch, time, hidden]. Weight `table` [positions, hidden], or `axial_0`
 * [n_1, d_1], `axial_1`, ... Padding takes positions as tokens do.
 */
export class PositionEmbeddings extends CausalLayer<PositionEmbeddingsConfig> {
  static readonly className = 'ReformerPositionEmbeddings';
  private tables: tf.LayerVariable[] = [];

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {maxSequenceLength, axialShape, axialSizes} = this.config;
    if (!axialShape || !axialSizes) {
      this.tables = [this.weight('table', [maxSequenceLength, hiddenSize], normal(0.02))];
      return;
    }
    const width = axialSizes.reduce((sum, size) => sum + size, 0);
    if (width !== hiddenSize || axialSizes.length !== axialShape.length)
      throw new ShapeError(
        `${this.path}: axialSizes [${axialSizes}] must have as many numbers as axialShape [${axialShape}] and add up to ${hiddenSize}`,
      );
    this.tables = axialShape.map((count, i) => this.weight(`axial_${i}`, [count, axialSizes[i]], normal(1)));
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  advance(x: tf.Tensor, state: StateTree | null, _options: ForwardOptions): StreamStep {
    const before = state as tf.Tensor | null;
    const time = x.shape[1] as number;
    requireWithin(this.contextLength, time, this.path);
    return {output: x.add(this.of(tokenPositions(time, before))), state: positionAfter(time, before)};
  }

  /** The vectors of positions, int32 of any shape: [...positions, hidden]. */
  private of(positions: tf.Tensor): tf.Tensor {
    const tables = this.tables.map((table) => table.read());
    return this.config.axialShape ? axialPositions(tables, positions) : embeddingLookup(tables[0], positions);
  }
}
tf.serialization.registerClass(PositionEmbeddings);
