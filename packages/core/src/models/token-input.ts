import * as tf from '@tensorflow/tfjs';
import {requireTensors} from '../arguments';
import {DataError} from '../errors';
import {isList, listOfIds} from '../ids';
import {shown} from '../shown';

/** Token ids: [batch, time] int32, or one list per row, or a single list for a batch of one; typed arrays are lists too. */
export type TokenInput = tf.Tensor | ArrayLike<number> | readonly ArrayLike<number>[];

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
  const tensor = tokens instanceof tf.Tensor ? tokens : fromLists(rowsOf(tokens, what), what, vocabSize, allowed);
  requireTensors(what, {tokens: tensor});
  const [batch, time] = tensor.shape;
  if (tensor.rank !== 2 || batch === 0 || time === 0)
    throw new DataError(`${what} must have the shape [batch, time] with at least one token, not [${tensor.shape}]`);
  return tensor.toInt() as tf.Tensor2D;
}

/** {@link toTokenTensor} for what is to be predicted: -100 stands where nothing is. */
export function toTargetTensor(targets: TokenInput, what: string, vocabSize: number): tf.Tensor2D {
  return toTokenTensor(targets, what, vocabSize, (id) => id === ignoredTarget);
}

/**
 * Checks and converts labels [batch], integers.
 * @param what Names them in messages.
 * @param count How many different ones there are.
 */
export function toLabelTensor(labels: tf.Tensor | ArrayLike<number>, what: string, count: number): tf.Tensor1D {
  if (labels instanceof tf.Tensor) {
    requireTensors(what, {labels});
    return labels.toInt() as tf.Tensor1D;
  }
  const list = listOfIds(labels, what);
  return fromLists([list], what, count, (id) => id === ignoredTarget).reshape([-1]);
}

function rowsOf(tokens: unknown, what: string): ArrayLike<number>[] {
  const rows = Array.isArray(tokens) && isList(tokens[0]) ? tokens : [tokens];
  return rows.map((row, b) => listOfIds(row, rows.length === 1 ? what : `${what}: row ${b}`));
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
        throw new DataError(
          `${what} must be ids from 0 to ${vocabSize - 1}, but number ${t} of row ${b} is ${shown(id)}`,
        );
      ids[b * time + t] = id;
    }
  });
  return tf.tensor(ids, [rows.length, time], 'int32');
}
