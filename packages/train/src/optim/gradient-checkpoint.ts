import * as tf from '@tensorflow/tfjs';
import {ConfigError, type ForwardOptions, type Passed, recomputedGradients, type VariantLayer} from '@variants/core';

/**
 * What the layer gives for `x` and for what travels beside it, with gradients for all of that and for the weights that the
 * layer uses, without keeping what lies between: the gradient runs the layer a second time (Chen et al. 2016). It costs a
 * third forward pass in time; memory is `x`.
 *
 * Dropout draws from `options.random`, and the second run draws the same.
 * @param x float32
 * @throws ConfigError in training without `options.random`
 */
export function checkpointed(layer: VariantLayer, x: tf.Tensor, options: ForwardOptions): Passed {
  if (options.training && !options.random)
    throw new ConfigError('checkpointed: training needs options.random, so that dropout draws the same masks twice');
  const weights = layer.weightsInUse.map((weight) => weight.read());
  const {carried = {}, attentionMask} = options;
  const there = layer.takes.filter((name) => carried[name]);
  // Token ids, masks and the like have no gradient.
  const taken = there.filter((name) => carried[name].dtype === 'float32');
  const constants = there.filter((name) => !taken.includes(name));
  const inputs = [x, ...taken.map((name) => carried[name])];
  const others = [...constants.map((name) => carried[name]), ...(attentionMask ? [attentionMask] : [])];
  const before = options.random?.clone();
  let shapes: number[][] = [];
  const run = tf.customGrad((...given) => {
    const save = given[given.length - 1] as tf.GradSaveFunc;
    const outputs = outputsOf(layer, x, options);
    // Last, as tfjs forgets what was saved when something throws after it.
    save([...inputs, ...others]);
    shapes = outputs.map(({shape}) => shape);
    return {
      value: packed(outputs),
      gradFunc: (dy, saved) => {
        const [again, ...beside] = saved as tf.Tensor[];
        const named = Object.fromEntries([...taken, ...constants].map((name, i) => [name, beside[i]]));
        const mask = attentionMask && beside[beside.length - 1];
        const forward = () =>
          packed(
            outputsOf(layer, again, {
              ...{...options, recomputing: true},
              ...{random: before?.clone(), attentionMask: mask, carried: named},
            }),
          );
        return recomputedGradients(forward, [again, ...beside.slice(0, taken.length), ...weights], dy).gradients;
      },
    };
  });
  const [output, ...given] = unpacked(run(...inputs, ...weights), shapes);
  return {output, carried: Object.fromEntries(layer.gives.map((name, i) => [name, given[i]]))};
}

/** All that the layer gives, in order. */
function outputsOf(layer: VariantLayer, x: tf.Tensor, options: ForwardOptions): tf.Tensor[] {
  const {output, carried} = layer.pass(x, options);
  // An output that is the input would be a loop in tfjs's tape.
  const own = output === x ? output.clone() : output;
  return [own, ...layer.gives.map((name) => carried?.[name] as tf.Tensor)];
}

/** Several tensors as one, since tfjs's own gradients are those of a single output. */
const packed = (tensors: tf.Tensor[]): tf.Tensor =>
  tensors.length === 1 ? tensors[0] : tf.concat(tensors.map((tensor) => tensor.flatten()));

/** The tensors of {@link packed}, of these shapes. */
function unpacked(all: tf.Tensor, shapes: number[][]): tf.Tensor[] {
  if (shapes.length === 1) return [all];
  const parts = tf.split(
    all,
    shapes.map((shape) => tf.util.sizeFromShape(shape)),
  );
  return parts.map((part, i) => part.reshape(shapes[i]));
}
