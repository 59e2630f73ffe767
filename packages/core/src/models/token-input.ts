import * as tf from '@tensorflow/tfjs';
import {DataError} from '../errors';

/** Token ids: [batch, time] int32, or one list per row, or a single list for a batch of one. */
export type TokenInput = tf.Tensor | readonly number[] | readonly (readonly number[])[] | Int32Array;

/** The target of a position that is not to be predicted. */
export const ignoredTarget = -100;

/**
 * Checks and converts what a caller calls tokens: [batch, time] int32. Ids in lists must be below `vocabSize`; those in a
 * tensor are not looked at, which would wait for the device.
 * @param what Names the tokens in messages.
 * @param allowed Whether an id outside of the vocabulary is allowed.
 */
export function toTokenTensor(
  tokens: TokenInput,
  what: string,
  vocabSize: number,
  allowed: (id: number) => boolean = () => false,
): tf.Tensor2D {
  const tensor = tokens instanceof tf.Tensor ? tokens : fromLists(rowsOf(tokens), what, vocabSize, allowed);
  const [batch, time] = tensor.shape;
  if (tensor.rank !== 2 || batch === 0 || time === 0)
    throw new DataError(`${what} must have the shape [batch, time] with at least one token, not [${tensor.shape}]`);
  return tensor.toInt() as tf.Tensor2D;
}

/** {@link toTokenTensor} for what is to be predicted: -100 stands where nothing is. */
export function toTargetTensor(targets: TokenInput, what: string, vocabSize: number): tf.Tensor2D {
  return toTokenTensor(targets, what, vocabSize, (id) => id === ignoredTarget);
}

/** Checks and converts labels [batch], integers. */
export function toLabelTensor(labels: tf.Tensor | readonly number[]): tf.Tensor1D {
  return labels instanceof tf.Tensor ? (labels.toInt() as tf.Tensor1D) : tf.tensor1d([...labels], 'int32');
}

function rowsOf(tokens: Exclude<TokenInput, tf.Tensor>): ArrayLike<number>[] {
  const isBatch = Array.isArray(tokens) && Array.isArray(tokens[0]);
  return isBatch ? (tokens as number[][]) : [tokens as ArrayLike<number>];
}

function fromLists(
  rows: ArrayLike<number>[],
  what: string,
  vocabSize: number,
  allowed: (id: number) => boolean,
): tf.Tensor {
  const time = rows[0].length;
  const ids = new Int32Array(rows.length * time);
  rows.forEach((row, b) => {
    if (row.length !== time)
      throw new DataError(`${what} must be rows of one length, but row ${b} has ${row.length} and row 0 has ${time}`);
    for (let t = 0; t < time; t++) {
      const id = row[t];
      if (!(Number.isInteger(id) && id >= 0 && id < vocabSize) && !allowed(id))
        throw new DataError(`${what} must be ids from 0 to ${vocabSize - 1}, but number ${t} of row ${b} is ${id}`);
      ids[b * time + t] = id;
    }
  });
  return tf.tensor(ids, [rows.length, time], 'int32');
}
