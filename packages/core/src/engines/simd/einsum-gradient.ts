import * as tf from '@tensorflow/tfjs';

/**
 * The gradient of one term: the einsum of the output's gradient and the other terms, repeated along the axes that only this
 * term has.
 */
function gradientOf(index: number, terms: string[], output: string, dy: tf.Tensor, tensors: tf.Tensor[]): tf.Tensor {
  return tf.tidy(() => {
    const others = terms.filter((_, i) => i !== index);
    const sources = [output, ...others];
    const isKnown = (label: string) => sources.some((source) => source.includes(label));
    const labels = [...terms[index]];
    const equation = `${sources.join()}->${labels.filter(isKnown).join('')}`;
    const known = tf.einsum(equation, dy, ...tensors.filter((_, i) => i !== index));
    const {shape} = tensors[index];
    const expanded = known.reshape(shape.map((length, axis) => (isKnown(labels[axis]) ? length : 1)));
    return tf.broadcastTo(expanded, shape as [number]);
  });
}

// tfjs has none.
tf.registerGradient({
  kernelName: 'Einsum',
  saveAllInputs: true,
  gradFunc: (dy, saved, attributes) => {
    const [inputs, output] = (attributes as unknown as {equation: string}).equation.replace(/\s/g, '').split('->');
    const terms = inputs.split(',');
    return Object.fromEntries(saved.map((_, i) => [i, () => gradientOf(i, terms, output, dy as tf.Tensor, saved)]));
  },
});
