import * as tf from '@tensorflow/tfjs';
import {requireArgument} from '../../arguments';
import {isList} from '../../ids';
import {defineKernel} from '../define-kernel';
import {anglesAt, type RotaryAngles} from './angles';

/** The angles' cosines and sines, [time, size/2] or any shape that broadcasts over [..., time, size/2]. */
export type RotaryTables = {
  cos: tf.Tensor;
  sin: tf.Tensor;
};

/** Digits of a position in the reference, and their base: positions below 64⁴ = 16,777,216. */
const DIGITS = 4;
const BASE = 64;

const kernel = defineKernel<{positions: tf.Tensor}, RotaryAngles, RotaryTables>({
  name: 'RotaryTables',
  outputs: ['cos', 'sin'],
  differentiable: [],
  reference: ({positions}, angles) => tablesReference(positions, angles),
  gradient: () => ({}),
});

/**
 * Cosines and sines of position · frequency. The angles are formed in double precision, or to the same effect: in float32
 * they lose 1e-3 at position 10,000.
 *
 * @param positions Absolute positions, one per row of the table: numbers, or [positions] int32 that lie on the device.
 * @param angles Radians per position, one per pair of features (RoPE's are base^(-2i/size)), with what they are multiplied
 *   with and what takes their place in longer sequences. The length of the sequence is the largest position + 1.
 * @returns Two tables [positions, frequencies].
 */
export function rotaryTables(
  positions: ArrayLike<number> | tf.Tensor1D,
  angles: readonly number[] | RotaryAngles,
): RotaryTables {
  const turning: RotaryAngles = isList(angles) ? {frequencies: angles} : angles;
  requireArgument(
    'rotaryTables',
    'frequencies',
    turning?.frequencies,
    isList(turning?.frequencies),
    'a list of numbers',
  );
  if (positions instanceof tf.Tensor) return kernel({positions}, turning);
  requireArgument('rotaryTables', 'positions', positions, isList(positions), 'a list of numbers, or a tensor');
  return tablesAtLength(positions, turning);
}

function tablesAtLength(positions: ArrayLike<number>, angles: RotaryAngles): RotaryTables {
  let last = 0;
  for (let n = 0; n < positions.length; n++) last = Math.max(last, positions[n]);
  const {frequencies, factor} = anglesAt(angles, last + 1);
  return tablesOf(positions, frequencies, factor);
}

function tablesOf(positions: ArrayLike<number>, frequencies: readonly number[], factor = 1): RotaryTables {
  const shape: [number, number] = [positions.length, frequencies.length];
  const cos = new Float32Array(shape[0] * shape[1]);
  const sin = new Float32Array(shape[0] * shape[1]);
  for (let n = 0, i = 0; n < shape[0]; n++)
    for (let j = 0; j < shape[1]; j++, i++) {
      const angle = positions[n] * frequencies[j];
      cos[i] = factor * Math.cos(angle);
      sin[i] = factor * Math.sin(angle);
    }
  return {cos: tf.tensor2d(cos, shape), sin: tf.tensor2d(sin, shape)};
}

function tablesReference(positions: tf.Tensor, angles: RotaryAngles): RotaryTables {
  const {beyond} = angles;
  // Powers of the length need doubles, which no tensor holds.
  if (beyond?.growth) return tablesAtLength(positions.dataSync(), angles);
  const plain = byDigits(positions, angles);
  if (!beyond) return plain;
  const isLonger = positions.max().greaterEqual(tf.scalar(beyond.length, 'int32'));
  const longer = byDigits(positions, beyond);
  const either = (name: keyof RotaryTables) => {
    const [a, b] = [longer[name], plain[name]];
    return tf.where(isLonger.broadcastTo(a.shape), a, b);
  };
  return {cos: either('cos'), sin: either('sin')};
}

/** Digit by digit, by exact tables for each and cos (a + b) = cos a cos b - sin a sin b: no large angle is rounded. */
function byDigits(
  positions: tf.Tensor,
  {frequencies, factor = 1}: Pick<RotaryAngles, 'frequencies' | 'factor'>,
): RotaryTables {
  let [rest, cos, sin]: (tf.Tensor | undefined)[] = [positions.toInt()];
  for (let digit = 0; digit < DIGITS; digit++) {
    const values = Array.from({length: BASE}, (_, value) => value * BASE ** digit);
    const table = tablesOf(values, frequencies, digit === 0 ? factor : 1);
    const quotient: tf.Tensor = (rest as tf.Tensor).floorDiv(tf.scalar(BASE, 'int32'));
    const index = (rest as tf.Tensor).sub(quotient.mul(tf.scalar(BASE, 'int32'))).toInt();
    const [c, s] = [tf.gather(table.cos, index), tf.gather(table.sin, index)];
    [cos, sin] = cos && sin ? [cos.mul(c).sub(sin.mul(s)), sin.mul(c).add(cos.mul(s))] : [c, s];
    rest = quotient;
  }
  return {cos, sin} as RotaryTables;
}
