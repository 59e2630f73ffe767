import * as tf from '@tensorflow/tfjs';
import {probe, values} from '../../tasks/values';
import type {Computation} from '../computation';

/** A tensor of the numbers of list `seed`. */
export function tensorOf(shape: readonly number[], seed: number): tf.Tensor {
  return tf.tensor(values(tf.util.sizeFromShape([...shape]), seed), [...shape]);
}

/** Computes a function of fixed tensors; of several results the first is compared. */
export function computationOf(
  inputs: readonly tf.Tensor[],
  compute: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[],
): Computation {
  let results: tf.Tensor[] = [];
  return {
    run() {
      tf.dispose(results);
      results = [tf.tidy(() => compute(...inputs))].flat();
    },
    async result() {
      const [first] = results;
      const real = first.dtype === 'complex64' ? tf.real(first) : first.clone();
      const numbers = await real.data();
      real.dispose();
      return probe(numbers);
    },
    dispose: () => tf.dispose([...inputs, ...results]),
  };
}
