import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '@variants/core';

/** Throws a ShapeError unless queries, keys and values go together; `alike` where there is a key for each query. */
export function requireHeads(
  owner: string,
  {queries, keys, values}: {queries: tf.Tensor; keys: tf.Tensor; values: tf.Tensor},
  alike: boolean,
): void {
  const [batch, heads, time, size] = queries.shape;
  const keyTime = alike ? time : keys.shape[2];
  if (keys.shape.join() !== [batch, heads, keyTime, size].join())
    throw new ShapeError(
      `${owner}: keys [${keys.shape}] must be [${batch}, ${heads}, ${alike ? time : 'keys'}, ${size}], as queries are [${queries.shape}]`,
    );
  if (values.shape.slice(0, 3).join() !== keys.shape.slice(0, 3).join())
    throw new ShapeError(`${owner}: values [${values.shape}] must begin like keys [${keys.shape}]`);
}

/** `tf.tidy` for results some of whose parts may be null, which tfjs's type of it has no word for. */
export function tidied<Result extends object>(run: () => Result): Result {
  return tf.tidy(run as unknown as () => tf.TensorContainer) as unknown as Result;
}
