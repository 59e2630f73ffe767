import * as tf from '@tensorflow/tfjs';
import {appendRows, attention, growAxis, ringInOrder, streamPositions, writeRing} from '@variants/core';
import {localAttention, turnLocal} from './local-attention';

/** What a stream of {@link localAdvance} remembers: the last two windows. */
export type LocalMemory = {
  /** [batch, heads, 2w, size], turned by their positions: that of position p is row p mod 2w. */
  keys: tf.Tensor;
  values: tf.Tensor;
  /** [] int32: positions so far. */
  length: tf.Scalar;
};

const int = (value: number) => tf.scalar(value, 'int32');

/**
 * Causal `localAttention` to the next positions of a stream, one or many.
 * @param queries, keys, values [batch, heads, time, size], not turned yet
 * @param memory What the call before returned; null at the start. It is used up.
 * @param w Positions of a window.
 */
export function localAdvance(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  memory: LocalMemory | null,
  w: number,
): {output: tf.Tensor; memory: LocalMemory} {
  const time = keys.shape[2] as number;
  if (!memory) {
    const output = localAttention(queries, keys, values, {window: w, causal: true});
    const turned = turnLocal(keys, streamPositions(time, null));
    const ring = (rows: tf.Tensor) => {
      const [batch, heads, , size] = rows.shape as number[];
      return writeRing(tf.zeros([batch, heads, 2 * w, size]), rows, int(0) as tf.Scalar);
    };
    return {output, memory: {keys: ring(turned), values: ring(values), length: int(time) as tf.Scalar}};
  }
  if (time > w) {
    // In pieces no longer than a window, whose scores so take no more memory than those of windows.
    const piece = (x: tf.Tensor, start: number) => x.slice([0, 0, start, 0], [-1, -1, Math.min(w, time - start), -1]);
    const outputs: tf.Tensor[] = [];
    let before = memory;
    for (let start = 0; start < time; start += w) {
      const [q, k, v] = [queries, keys, values].map((x) => piece(x, start));
      const step = localAdvance(q, k, v, before, w);
      outputs.push(step.output);
      before = step.memory;
    }
    return {output: tf.concat(outputs, 2), memory: before};
  }
  const {length} = memory;
  const places = streamPositions(time, length);
  const [q, k] = [queries, keys].map((x) => turnLocal(x, places));
  const rows = {keys: k, values};
  const next = length.add(int(time)) as tf.Scalar;
  const write = (buffer: tf.Tensor, added: tf.Tensor) => writeRing(buffer, added, length);
  if (time === 1) {
    const ring = {keys: write(memory.keys, k), values: write(memory.values, values)};
    const slots = tf.range(0, 2 * w, 1, 'int32');
    // Row s holds the last position p <= length with p mod 2w = s.
    const held = length.sub(
      length
        .sub(slots)
        .add(int(2 * w))
        .mod(int(2 * w)),
    );
    const mask = held.greaterEqual(firstSeen(length, w).maximum(int(0))).toFloat();
    const {output} = attention(q, ring.keys, ring.values, {mask: mask.reshape([1, 1, 1, 2 * w])});
    return {output, memory: {...ring, length: next}};
  }
  const kept = length.minimum(int(2 * w)) as tf.Scalar;
  const inOrder = (name: 'keys' | 'values') =>
    appendRows(growAxis(ringInOrder(memory[name], length), 2, 2 * w + time), rows[name], kept);
  const held = tf
    .range(0, 2 * w + time, 1, 'int32')
    .add(length.sub(kept))
    .reshape([1, -1]);
  const asked = (places as tf.Tensor1D).reshape([-1, 1]);
  const mask = held
    .lessEqual(asked)
    .logicalAnd(held.greaterEqual(firstSeen(asked, w)))
    .toFloat();
  const {output} = attention(q, inOrder('keys'), inOrder('values'), {mask: mask.expandDims(0).expandDims(0)});
  // A copy is written into: who meets with an error may go on from the memory as it was.
  const ring = {keys: write(memory.keys.clone(), k), values: write(memory.values.clone(), values)};
  return {output, memory: {...ring, length: next}};
}

/** The first position that one sees: that where the window before its own begins. */
const firstSeen = (positions: tf.Tensor, w: number) => positions.floorDiv(int(w)).sub(int(1)).mul(int(w)) as tf.Tensor;
