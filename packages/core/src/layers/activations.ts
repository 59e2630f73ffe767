import type * as tf from '@tensorflow/tfjs';
import {ConfigError} from '../errors';
import {gelu} from '../kernels/gelu';
import {silu} from '../kernels/silu';

const functions = {
  identity: (x: tf.Tensor) => x,
  relu: (x: tf.Tensor) => x.relu(),
  /** relu(x)², of Primer (So et al. 2021). */
  squaredRelu: (x: tf.Tensor) => x.relu().square(),
  /** x Φ(x), exact. */
  gelu: (x: tf.Tensor) => gelu(x),
  /** x Φ(x), in GPT-2's tanh approximation. */
  geluTanh: (x: tf.Tensor) => gelu(x, true),
  /** x sigmoid(x), also called swish. */
  silu: (x: tf.Tensor) => silu(x),
  sigmoid: (x: tf.Tensor) => x.sigmoid(),
  tanh: (x: tf.Tensor) => x.tanh(),
};

/** The name of an element-wise function of the feed-forward layers. */
export type Activation = keyof typeof functions;

/** All names of {@link Activation}. */
export const activations = Object.keys(functions) as Activation[];

/** The function of a name, on tensors of any shape; a ConfigError if there is none. */
export function activation(name: Activation): (x: tf.Tensor) => tf.Tensor {
  if (!activations.includes(name))
    throw new ConfigError(`there is no activation ${JSON.stringify(name)}; known are ${activations.join(', ')}`);
  return functions[name];
}
