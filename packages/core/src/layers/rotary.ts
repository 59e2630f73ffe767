import * as tf from '@tensorflow/tfjs';
import {type RotaryPairing, rotaryEmbedding, rotaryTables} from '../kernels/rotary-embedding';

/** Rotary positions of attention. */
export interface RotaryConfig {
  /**
   * Radians per position, one per pair of features that turn: half of the head size, or fewer, and then the last features
   * of a head stay as they are. See `rotaryFrequencies`.
   */
  frequencies: number[];
  /** Default 'interleaved'. */
  pairing?: RotaryPairing;
  /** What all that turns is multiplied with, as in YaRN (Peng et al. 2023, arXiv 2309.00071). Default 1. */
  factor?: number;
  /** Turns the values too, by their own positions, as RoFormer's `rotary_value` says. Default false. */
  values?: boolean;
}

/** How heads [batch, heads, time, size] are turned that are at these positions; as they are without rotary positions. */
export function rotation(
  positions: number[] | tf.Tensor1D,
  rotary: RotaryConfig | null | undefined,
): (heads: tf.Tensor) => tf.Tensor {
  if (!rotary) return (heads) => heads;
  // What was undefined is null in a layer that was saved and loaded.
  const {frequencies, pairing, factor} = rotary;
  const plain = rotaryTables(positions, frequencies);
  const tables =
    (factor ?? 1) === 1 ? plain : {cos: plain.cos.mul(factor as number), sin: plain.sin.mul(factor as number)};
  const turn = (x: tf.Tensor) => rotaryEmbedding(x, tables, pairing ?? 'interleaved');
  return (heads) => {
    const [turning, staying] = [2 * frequencies.length, (heads.shape[3] as number) - 2 * frequencies.length];
    if (staying <= 0) return turn(heads);
    const [first, rest] = tf.split(heads, [turning, staying], 3);
    return tf.concat([turn(first), rest], 3);
  };
}
