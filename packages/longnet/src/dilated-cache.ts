/**
 * Dilated attention of a stream. A later token sees, by pattern i, its own segment alone, and of that what its head keeps: so
 * a stream remembers ceil(w_i / r_i) keys and values of each head and pattern, in the order of the segment, and no more,
 * whatever came before. Where positions are, in these names: n a position of the sequence, u = n mod w of its segment,
 * floor(u / r) its row, u mod r its offset.
 */
import * as tf from '@tensorflow/tfjs';
import {
  type AttentionOutputs,
  appendRows,
  attention,
  type DilatedPattern,
  dilatedOffsets,
  dilatedRows,
  growAxis,
  mergeAttention,
} from '@variants/core';
import {xPos} from './x-pos';

/** Rows of a pattern, with room for more; what is behind the stream's position is of a segment before, or nothing. */
type PatternRows = {
  /** [batch, heads, rows, size], turned by xPos from the middle of their segment. */
  keys: tf.Tensor;
  /** [batch, heads, rows, value size] */
  values: tf.Tensor;
};

/** What a stream of dilated attention remembers. */
export type DilatedCache = {
  /** Positions that were fed, [] int32. */
  length: tf.Scalar;
  patterns: PatternRows[];
};

/** Queries, keys and values [batch, time, heads, size] of a piece. */
export interface Piece {
  queries: tf.Tensor;
  keys: tf.Tensor;
  values: tf.Tensor;
}

/** How a stream attends. */
export interface StreamSettings {
  patterns: readonly DilatedPattern[];
  /** Default: no positions. */
  xPosScaleBase: number | null;
}

/** Positions of a piece that are looked at together: their scores take memory for all of them. */
const AT_ONCE = 128;

const integer = (value: number) => tf.scalar(value, 'int32');

/** The rows that a cache has of a pattern after `time` more positions. */
function rowsAfter({segmentLength, dilation}: DilatedPattern, held: number, time: number, capacity?: number): number {
  const most = Math.ceil(segmentLength / dilation);
  const wanted = capacity === undefined ? held + Math.ceil(time / dilation) : Math.ceil(capacity / dilation);
  return Math.min(most, Math.max(held, wanted));
}

/** What is to be remembered of the first piece of a stream. */
export function firstCache(piece: Piece, {patterns, xPosScaleBase}: StreamSettings, capacity?: number): DilatedCache {
  const time = piece.keys.shape[1] as number;
  const kept = patterns.map((pattern) => {
    const start = Math.floor((time - 1) / pattern.segmentLength) * pattern.segmentLength;
    const length = time - start;
    const [keys, values] = [piece.keys, piece.values].map((x) => x.slice([0, start, 0, 0], [-1, length, -1, -1]));
    const positions = tf.range(start, time, 1, 'int32');
    const turned = turnInSegment(keys, keys, positions, pattern, {xPosScaleBase, headsFirst: false}).keys;
    const own = {...pattern, segmentLength: length};
    const rows = rowsAfter(pattern, 0, length, capacity);
    const place = (x: tf.Tensor) => growAxis(dilatedRows(x, [own])[0], 2, rows);
    return {keys: place(turned), values: place(values)};
  });
  return {length: integer(time), patterns: kept};
}

/** Queries and keys at `positions` turned, from the middle of their segments. */
function turnInSegment(
  queries: tf.Tensor,
  keys: tf.Tensor,
  positions: tf.Tensor1D,
  {segmentLength}: DilatedPattern,
  {xPosScaleBase: scaleBase, headsFirst}: {xPosScaleBase: number | null; headsFirst: boolean},
): {queries: tf.Tensor; keys: tf.Tensor} {
  if (scaleBase === null) return {queries, keys};
  const {within} = inSegment(positions, segmentLength);
  const fromCentre = within.toFloat().sub(Math.floor(segmentLength / 2));
  return xPos(queries, keys, {positions, fromCentre, scaleBase}, headsFirst);
}

/** Where the segments of positions begin, and u. */
function inSegment(positions: tf.Tensor, segmentLength: number): {start: tf.Tensor; within: tf.Tensor} {
  const start = positions.floorDiv(integer(segmentLength)).mul(integer(segmentLength));
  return {start, within: positions.sub(start)};
}

/** The row and the offset of each u. */
function byDilation(within: tf.Tensor, dilation: number): {row: tf.Tensor; offset: tf.Tensor} {
  const row = within.floorDiv(integer(dilation));
  return {row, offset: within.sub(row.mul(integer(dilation)))};
}

/** The offset of each head, [1, heads, 1, 1] int32. */
const headOffsets = ({dilation}: DilatedPattern, numHeads: number): tf.Tensor =>
  tf.tensor4d(dilatedOffsets({dilation}, numHeads), [1, numHeads, 1, 1], 'int32');

/**
 * The attention of a later piece of a stream.
 * @param capacity Positions that there is to be room for. Default: those that there are.
 * @returns `output` [batch, time, heads, value size] and what is remembered.
 */
export function continueDilatedAttention(
  piece: Piece,
  cache: DilatedCache,
  settings: StreamSettings,
  capacity?: number,
): {output: tf.Tensor; cache: DilatedCache} {
  const time = piece.queries.shape[1] as number;
  const headsFirst = (x: tf.Tensor, from: number, count: number) =>
    x.slice([0, from, 0, 0], [-1, count, -1, -1]).transpose([0, 2, 1, 3]);
  const outputs: tf.Tensor[] = [];
  let after = cache;
  for (let from = 0; from < time; from += AT_ONCE) {
    const count = Math.min(AT_ONCE, time - from);
    const part = {
      queries: headsFirst(piece.queries, from, count),
      keys: headsFirst(piece.keys, from, count),
      values: headsFirst(piece.values, from, count),
    };
    const steps = settings.patterns.map((pattern, i) => {
      const rows = grownRows(after.patterns[i], rowsAfter(pattern, heldBy(after.patterns[i]), count, capacity));
      const step = count === 1 ? takeStep : takeSteps;
      return step(part, rows, after.length, pattern, settings.xPosScaleBase);
    });
    outputs.push(mergeAttention(steps.map(({found}) => found)).output);
    after = {length: after.length.add(integer(count)) as tf.Scalar, patterns: steps.map(({rows}) => rows)};
  }
  const output = outputs.length === 1 ? outputs[0] : tf.concat(outputs, 2);
  return {output: output.transpose([0, 2, 1, 3]), cache: after};
}

const heldBy = (rows: PatternRows): number => rows.keys.shape[2] as number;

const grownRows = ({keys, values}: PatternRows, rows: number): PatternRows => ({
  keys: growAxis(keys, 2, rows),
  values: growAxis(values, 2, rows),
});

/** What a pattern's part of a step gives: what was found, and its rows then. */
interface PatternStep {
  found: AttentionOutputs;
  rows: PatternRows;
}

/**
 * One position: its key takes its place where its head keeps it, and its query sees all rows up to that. All that depends on
 * the position is computed on the device, so that a step can be recorded.
 */
function takeStep(
  {queries, keys, values}: Piece,
  before: PatternRows,
  length: tf.Scalar,
  pattern: DilatedPattern,
  xPosScaleBase: number | null,
): PatternStep {
  const position = length.reshape([1]) as tf.Tensor1D;
  const {row, offset} = byDilation(inSegment(position, pattern.segmentLength).within, pattern.dilation);
  const isKept = headOffsets(pattern, queries.shape[1] as number).equal(offset);
  const turned = turnInSegment(queries, keys, position, pattern, {xPosScaleBase, headsFirst: true});
  const at = row.reshape([]) as tf.Scalar;
  // A head that keeps another position of the row leaves what it has.
  const write = (buffer: tf.Tensor, x: tf.Tensor) =>
    appendRows(buffer, tf.where(isKept, x, tf.gather(buffer, row, 2)), at);
  const rows = {keys: write(before.keys, turned.keys), values: write(before.values, values)};
  const keyLength = at.add(integer(1)) as tf.Scalar;
  return {found: attention(turned.queries, rows.keys, rows.values, {keyLength, mask: isKept.toFloat()}), rows};
}

/** Several positions, which see what is remembered of their segment and each other. */
function takeSteps(
  {queries, keys, values}: Piece,
  before: PatternRows,
  length: tf.Scalar,
  pattern: DilatedPattern,
  xPosScaleBase: number | null,
): PatternStep {
  const [, numHeads, count] = queries.shape as number[];
  const {segmentLength, dilation} = pattern;
  const positions = tf.range(0, count, 1, 'int32').add(length) as tf.Tensor1D;
  const {start, within} = inSegment(positions, segmentLength);
  const offset = byDilation(within, dilation).offset;
  const offsets = headOffsets(pattern, numHeads);
  const turned = turnInSegment(queries, keys, positions, pattern, {xPosScaleBase, headsFirst: true});
  const down = (x: tf.Tensor) => x.reshape([1, 1, count, 1]);
  const across = (x: tf.Tensor) => x.reshape([1, 1, 1, count]);

  // What stands in the rows: positions of the segment of the last one that was fed.
  const places = tf.range(0, heldBy(before), 1, 'int32').mul(integer(dilation)).reshape([1, 1, 1, -1]).add(offsets);
  const lastStart = inSegment(length.sub(integer(1)), segmentLength).start;
  const isKept = offsets.equal(down(offset));
  const seesRows = isKept.logicalAnd(down(start).equal(lastStart)).logicalAnd(places.add(lastStart).less(length));
  const seesEachOther = isKept
    .logicalAnd(offsets.equal(across(offset)))
    .logicalAnd(down(start).equal(across(start)))
    .logicalAnd(across(positions).lessEqual(down(positions)));
  const found = attention(
    turned.queries,
    tf.concat([before.keys, turned.keys], 2),
    tf.concat([before.values, values], 2),
    {mask: tf.concat([seesRows.toFloat(), seesEachOther.toFloat()], 3)},
  );

  // What stands there then: of the segment of the piece's last position, from the piece or, below its first, as before.
  const end = length.add(integer(count - 1));
  const indices = places.add(inSegment(end, segmentLength).start).sub(length).reshape([numHeads, -1]);
  const isNew = indices.greaterEqual(integer(0)).logicalAnd(indices.less(integer(count)));
  const firstOfHead = tf.range(0, numHeads, 1, 'int32').mul(integer(count)).expandDims(1);
  const sources = indices
    .clipByValue(0, count - 1)
    .toInt()
    .add(firstOfHead)
    .reshape([-1])
    .toInt();
  const write = (buffer: tf.Tensor, x: tf.Tensor) => {
    const [batch, , rows, size] = buffer.shape as number[];
    const moved = tf.gather(x.reshape([batch, numHeads * count, size]), sources, 1).reshape(buffer.shape);
    return tf.where(isNew.reshape([1, numHeads, rows, 1]), moved, buffer);
  };
  return {found, rows: {keys: write(before.keys, turned.keys), values: write(before.values, values)}};
}
