import type * as tf from '@tensorflow/tfjs';
import type {RunLayer} from '@variants/core';
import type {ReversibleStack, TracedStreams} from './stack';

/** What the blocks of a model do on the way through it; `forward` runs the model. */
export function traced(stack: ReversibleStack, forward: (run: RunLayer) => tf.Tensor): TracedStreams[] {
  let streams: TracedStreams[] = [];
  forward((layer, x, at) => {
    if (layer === stack) streams = stack.trace(x, at);
    return layer.pass(x, at);
  });
  return streams;
}
