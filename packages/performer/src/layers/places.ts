import * as tf from '@tensorflow/tfjs';
import {type RotaryTables, rotaryEmbedding, rotaryFrequencies, rotaryTables, tokenPositions} from '@variants/core';

/** Where the tokens of a piece stand: alike for all rows as numbers, or [batch or 1, time] int32 on the device. */
export type Places = number[] | tf.Tensor2D;

/**
 * The places of a piece of a sequence. Padding on the left of a row takes none.
 * @param start That of the first token, [batch or 1, 1] int32; null at the start.
 */
export function placesOf(time: number, start: tf.Tensor | null, attentionMask?: tf.Tensor): Places {
  return start || attentionMask ? tokenPositions(time, start, attentionMask) : [...Array(time).keys()];
}

/** Cosines and sines of the angles of `size` / 2 frequencies there, [batch or 1, time, size / 2] each. */
export function tablesAt(places: Places, size: number): RotaryTables {
  const given = places instanceof tf.Tensor ? (places.reshape([-1]) as tf.Tensor1D) : places;
  const [batch, time] = places instanceof tf.Tensor ? places.shape : [1, places.length];
  const {cos, sin} = rotaryTables(given, {frequencies: rotaryFrequencies(size)});
  const shaped = (table: tf.Tensor) => table.reshape([batch, time, size / 2]);
  return {cos: shaped(cos), sin: shaped(sin)} as unknown as RotaryTables;
}

/** How heads [batch, heads, time, size] are turned there, neighbouring features together. */
export function turning(places: Places, size: number): (heads: tf.Tensor) => tf.Tensor {
  const {cos, sin} = tablesAt(places, size);
  const tables = {cos: cos.expandDims(1), sin: sin.expandDims(1)} as unknown as RotaryTables;
  return (heads) => rotaryEmbedding(heads, tables);
}
