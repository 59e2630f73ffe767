import type * as tf from '@tensorflow/tfjs';
import {requireOptionalTensors, ShapeError} from '@variants/core';

/**
 * Throws a ShapeError unless the tensors that are there have one of some shapes.
 * @param owner Who takes them, for the message.
 * @param shapes That are allowed; the first is named.
 */
export function requireShape(
  owner: string,
  tensors: {readonly [name: string]: tf.Tensor | null | undefined},
  ...shapes: (readonly (number | null)[])[]
): void {
  requireOptionalTensors(owner, tensors);
  for (const [name, tensor] of Object.entries(tensors))
    if (tensor && !shapes.some((shape) => shape.join() === tensor.shape.join()))
      throw new ShapeError(`${owner}: ${name} [${tensor.shape}] must have the shape [${shapes[0].join(', ')}]`);
}
