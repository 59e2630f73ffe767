import * as tf from '@tensorflow/tfjs';
import {
  anglesAt,
  type RotaryAngles,
  type RotaryPairing,
  rotaryEmbedding,
  rotaryTables,
} from '../kernels/rotary-embedding';

/**
 * Rotary positions of attention: as many frequencies as half of the head size, or fewer, and then the last features of a head
 * stay as they are.
 */
export interface RotaryConfig extends RotaryAngles {
  /** Default 'interleaved'. */
  pairing?: RotaryPairing;
  /** Turns the values too, by their own positions, as RoFormer's `rotary_value` says. Default false. */
  values?: boolean;
}

/** How heads [batch, heads, time, size] are turned that are at these positions; as they are without rotary positions. */
export function rotation(
  positions: number[] | tf.Tensor1D,
  rotary: RotaryConfig | null | undefined,
): (heads: tf.Tensor) => tf.Tensor {
  if (!rotary) return (heads) => heads;
  const {frequencies, pairing, factor, beyond} = rotary;
  // What was undefined is null in a layer that was saved and loaded.
  const tables = rotaryTables(positions, {frequencies, factor: factor ?? 1, beyond});
  const turn = (x: tf.Tensor) => rotaryEmbedding(x, tables, pairing ?? 'interleaved');
  return (heads) => {
    const [turning, staying] = [2 * frequencies.length, (heads.shape[3] as number) - 2 * frequencies.length];
    if (staying <= 0) return turn(heads);
    const [first, rest] = tf.split(heads, [turning, staying], 3);
    return tf.concat([turn(first), rest], 3);
  };
}

/** Rotary positions with the angles of sequences of one length, whatever the length. */
export function heldAt(rotary: RotaryConfig, length: number): RotaryConfig {
  return {...rotary, ...anglesAt(rotary, length), beyond: null};
}
