/**
 * The sinusoidal positions of fairseq (modules/sinusoidal_positional_embedding.py), which are not those of the paper of the
 * Transformer:
 *
 *     D    width, half = floor(D / 2)         w_j    10000^(-j / (half - 1))
 *     n    number of a token among those of its sequence that are no padding
 *     p    n + padToken + 1, its row
 *
 *     pos[j] = sin(p w_j);   pos[half + j] = cos(p w_j);   padding has zeros
 */
import * as tf from '@tensorflow/tfjs';
import {
  type Carried,
  CausalLayer,
  DecoderLayer,
  embeddingLookup,
  type ForwardOptions,
  isList,
  positionAfter,
  requireArgument,
  requireCount,
  rotaryTables,
  ShapeError,
  type StateTree,
  type StreamStep,
  tokenPositions,
} from '@variants/core';

/**
 * The vectors of rows p of fairseq's table of positions: sines in the first half, cosines in the second.
 * @param rows p: numbers, or [rows] int32 on the device.
 * @param hiddenSize D, at least 4; where it is odd the last feature is 0.
 * @returns [rows, D]
 * @throws ShapeError where the width is none.
 */
export function fairseqSinusoids(rows: ArrayLike<number> | tf.Tensor1D, hiddenSize: number): tf.Tensor2D {
  const areRows = rows instanceof tf.Tensor ? rows.rank === 1 && rows.dtype === 'int32' : isList(rows);
  requireArgument(
    'fairseqSinusoids',
    'rows',
    rows,
    areRows,
    'a list of numbers, or an int32 tensor [rows]',
    ShapeError,
  );
  requireCount('fairseqSinusoids', 'hiddenSize', hiddenSize, 4, ShapeError);
  return tf.tidy(() => {
    const half = Math.floor(hiddenSize / 2);
    const frequencies = Array.from({length: half}, (_, j) => 10000 ** (-j / (half - 1)));
    const {cos, sin} = rotaryTables(rows, frequencies);
    const both = tf.concat([sin, cos], 1) as tf.Tensor2D;
    return hiddenSize % 2 === 0
      ? both
      : both.pad([
          [0, 0],
          [0, 1],
        ]);
  });
}

/** Options of {@link FairseqPositions}. */
export interface FairseqPositionsConfig {
  /** The row of the first token: padToken + 1. */
  firstRow: number;
  /** Makes padding zero altogether, as in an encoder. Default false. */
  zeroPadding?: boolean;
}

/** x [batch, time, hidden] with its positions, the first of which is `start` [batch or 1, 1] int32, and the one behind them. */
function withPositions(
  x: tf.Tensor,
  start: tf.Tensor | null,
  attentionMask: tf.Tensor | undefined,
  firstRow: number,
): {output: tf.Tensor; state: tf.Tensor} {
  const [, time, hiddenSize] = x.shape as number[];
  const positions = tokenPositions(time, start, attentionMask);
  const vectors = start
    ? fairseqSinusoids(positions.add(tf.scalar(firstRow, 'int32')).reshape([-1]) as tf.Tensor1D, hiddenSize)
    : embeddingLookup(
        fairseqSinusoids(
          Array.from({length: time}, (_, n) => n + firstRow),
          hiddenSize,
        ),
        positions,
      );
  const rows = vectors.reshape([positions.shape[0], time, hiddenSize]);
  const shown = attentionMask ? rows.mul(attentionMask.expandDims(2)) : rows;
  return {output: x.add(shown), state: positionAfter(time, start, attentionMask)};
}

/** Adds {@link fairseqSinusoids} to its input [batch, time, hidden]; padding takes no position. No weights, any length. */
export class FairseqPositions extends CausalLayer<FairseqPositionsConfig> {
  static readonly className = 'WideFfnPositions';

  advance(x: tf.Tensor, state: StateTree | null, {attentionMask}: ForwardOptions): StreamStep {
    const {firstRow, zeroPadding = false} = this.config;
    const step = withPositions(x, state as tf.Tensor | null, attentionMask, firstRow);
    return zeroPadding && attentionMask ? {...step, output: step.output.mul(attentionMask.expandDims(2))} : step;
  }
}
tf.serialization.registerClass(FairseqPositions);

/** {@link FairseqPositions} of a target that follows on its source, as that of a prefix language model. */
export class TargetPositions extends DecoderLayer<Pick<FairseqPositionsConfig, 'firstRow'>> {
  static readonly className = 'WideFfnTargetPositions';

  begin(memory: tf.Tensor, {memoryMask}: Carried): StateTree {
    const [batch, sourceTime] = memory.shape as number[];
    return memoryMask ? memoryMask.toInt().sum(1, true) : tf.fill([batch, 1], sourceTime, 'int32');
  }

  advance(x: tf.Tensor, state: StateTree, {attentionMask}: ForwardOptions): StreamStep {
    return withPositions(x, state as tf.Tensor, attentionMask, this.config.firstRow);
  }
}
tf.serialization.registerClass(TargetPositions);
