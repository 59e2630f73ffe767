import * as tf from '@tensorflow/tfjs';

/** Named tensors of a kernel; optional inputs may be missing. */
export type KernelTensors = {[name: string]: tf.Tensor | undefined};

/** What a kernel is made of. */
export interface KernelDefinition<Inputs extends KernelTensors, Attributes, Outputs extends Record<string, tf.Tensor>> {
  /** The name under which backends register fused implementations with `tf.registerKernel`. */
  name: string;
  /** The function composed from tf ops: the definition. It runs on every backend and is what fused kernels are compared with. */
  reference(inputs: Inputs, attributes: Attributes): Outputs;
  /**
   * The gradient in closed form: from the gradients of the outputs to those of the inputs, as a fresh tensor each.
   * It may leave out inputs that have none (token ids, masks).
   */
  gradient(
    outputGradients: Outputs,
    inputs: Inputs,
    outputs: Outputs,
    attributes: Attributes,
  ): {[name in keyof Inputs]?: tf.Tensor};
  /** The names of the outputs, in the order in which a fused kernel returns them. */
  outputs: readonly (keyof Outputs & string)[];
}

/** The attributes that a fused kernel gets beside its tensors. */
export interface KernelCall<Attributes> {
  /** Names of the tensors in the order in which they are passed: optional ones may be missing. */
  names: string[];
  attributes: Attributes;
}

const named = (names: readonly string[], tensors: tf.Tensor[]) =>
  Object.fromEntries(names.map((name, i) => [name, tensors[i]]));

/**
 * Makes a differentiable operation of a kernel's definition and registers it with tfjs, so that the operation takes the
 * fused kernel when the active backend has registered one under `name`, and else the reference.
 *
 * tfjs hands kernels a list of tensors; {@link KernelCall} says which is which.
 */
export function defineKernel<Inputs extends KernelTensors, Attributes, Outputs extends Record<string, tf.Tensor>>(
  definition: KernelDefinition<Inputs, Attributes, Outputs>,
): (inputs: Inputs, attributes: Attributes) => Outputs {
  const {name, reference, gradient, outputs: outputNames} = definition;

  tf.registerGradient({
    kernelName: name,
    saveAllInputs: true,
    outputsToSave: outputNames.map(() => true),
    gradFunc: (outputGradients, saved, call) => {
      const {names, attributes} = call as unknown as KernelCall<Attributes>;
      const gradients = tf.tidy(() =>
        gradient(
          named(outputNames, [outputGradients].flat()) as Outputs,
          named(names, saved) as Inputs,
          named(outputNames, saved.slice(names.length)) as Outputs,
          attributes,
        ),
      );
      return Object.fromEntries(
        names.flatMap((input, i) => (gradients[input] ? [[i, () => gradients[input] as tf.Tensor]] : [])),
      );
    },
  });

  const referenceKernel: tf.KernelFunc = ({inputs, attrs}) => {
    const {names, attributes} = attrs as unknown as KernelCall<Attributes>;
    const tensors = inputs as unknown as tf.Tensor[];
    return tf.tidy(() => {
      const outputs = reference(named(names, tensors) as Inputs, attributes);
      return outputNames.map((output) => outputs[output]);
    });
  };

  return (inputs, attributes) => {
    const backend = tf.getBackend();
    if (!tf.getKernel(name, backend))
      tf.registerKernel({kernelName: name, backendName: backend, kernelFunc: referenceKernel});
    const names = Object.keys(inputs).filter((input) => inputs[input] !== undefined);
    const tensors = names.map((input) => inputs[input] as tf.Tensor);
    const call: KernelCall<Attributes> = {names, attributes};
    const result = tf
      .engine()
      .runKernel(name, tensors as unknown as tf.NamedTensorMap, call as unknown as tf.NamedAttrMap) as unknown;
    return named(outputNames, [result as tf.Tensor | tf.Tensor[]].flat()) as Outputs;
  };
}
