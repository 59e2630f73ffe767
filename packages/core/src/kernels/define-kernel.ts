import * as tf from '@tensorflow/tfjs';
import {requireTensors} from '../arguments';

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
   * A backend may bring a fused one, registered as `<name>Gradient`: it is passed the output gradients, the inputs that
   * are there and the outputs, and returns a tensor for each differentiable input that is there.
   */
  gradient(
    outputGradients: Outputs,
    inputs: Inputs,
    outputs: Outputs,
    attributes: Attributes,
  ): {[name in keyof Inputs]?: tf.Tensor};
  /**
   * The names of the outputs, in the order in which a fused kernel returns them. Where they depend on the attributes, the
   * gradient is not given any.
   */
  outputs: readonly (keyof Outputs & string)[] | ((attributes: Attributes) => readonly string[]);
  /** The names of the inputs that have a gradient, or which those are. */
  differentiable: readonly (keyof Inputs & string)[] | ((input: string) => boolean);
  /**
   * What the gradient reads beside the gradients of the outputs: inputs and outputs, or, of an operation that is linear,
   * nothing, so that neither are kept for it. Default 'tensors'.
   */
  gradientReads?: 'tensors' | 'nothing';
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
 * Brings over what lies on another backend. A kernel would do so itself; but what is brought over within a kernel, in one
 * that a reference is made of, tfjs takes for a leak of the one around it.
 */
function bringOver(tensors: readonly tf.Tensor[]): void {
  const engine = tf.engine();
  const backend = tf.backend();
  for (const {dataId} of tensors) {
    const info = engine.state.tensorInfo.get(dataId);
    if (info && info.backend !== backend) engine.moveData(backend, dataId);
  }
}

/** Runs a kernel that takes a list of tensors. */
function runKernel(name: string, tensors: tf.Tensor[], call: tf.NamedAttrMap): tf.Tensor[] {
  bringOver(tensors);
  const result = tf.engine().runKernel(name, tensors as unknown as tf.NamedTensorMap, call) as unknown;
  return [result as tf.Tensor | tf.Tensor[]].flat();
}

/** Runs the fused kernel that the active backend has registered under a name, or else the reference; lists to lists. */
export function runFused(
  name: string,
  reference: tf.KernelFunc,
  tensors: tf.Tensor[],
  call: tf.NamedAttrMap,
): tf.Tensor[] {
  const backend = tf.getBackend();
  if (!tf.getKernel(name, backend)) tf.registerKernel({kernelName: name, backendName: backend, kernelFunc: reference});
  return runKernel(name, tensors, call);
}

/**
 * Makes a differentiable operation of a kernel's definition and registers it with tfjs, so that the operation takes the
 * fused kernel when the active backend has registered one under `name`, and else the reference. What another copy of this
 * package has registered stays: a kernel and its gradient belong together.
 *
 * tfjs hands kernels a list of tensors; {@link KernelCall} says which is which.
 */
export function defineKernel<Inputs extends KernelTensors, Attributes, Outputs extends Record<string, tf.Tensor>>(
  definition: KernelDefinition<Inputs, Attributes, Outputs>,
): (inputs: Inputs, attributes: Attributes) => Outputs {
  const {name, reference, gradient, differentiable, outputs: outputNames, gradientReads = 'tensors'} = definition;
  const fusedGradient = `${name}Gradient`;
  const outputsOf = (attributes: Attributes) =>
    (typeof outputNames === 'function' ? outputNames(attributes) : outputNames) as readonly (keyof Outputs & string)[];
  const isDifferentiable = (input: string) =>
    typeof differentiable === 'function' ? differentiable(input) : differentiable.includes(input);
  const reads = gradientReads === 'tensors';

  const gradientConfig: tf.GradConfig = {
    kernelName: name,
    saveAllInputs: reads,
    inputsToSave: [],
    outputsToSave: reads && typeof outputNames !== 'function' ? outputNames.map(() => true) : [],
    gradFunc: (outputGradients, saved, call) => {
      const {names, attributes} = call as unknown as KernelCall<Attributes>;
      const wanted = names.filter(isDifferentiable);
      const tensors = [outputGradients].flat();
      const gradients = tf.getKernel(fusedGradient, tf.getBackend())
        ? named(wanted, runKernel(fusedGradient, [...tensors, ...saved], call))
        : tf.tidy(() =>
            gradient(
              named(outputsOf(attributes), tensors) as Outputs,
              named(reads ? names : [], saved) as Inputs,
              named(typeof outputNames === 'function' ? [] : outputNames, saved.slice(names.length)) as Outputs,
              attributes,
            ),
          );
      return Object.fromEntries(wanted.map((input) => [names.indexOf(input), () => gradients[input] as tf.Tensor]));
    },
  };
  if (!tf.getGradient(name)) tf.registerGradient(gradientConfig);

  const referenceKernel: tf.KernelFunc = ({inputs, attrs}) => {
    const {names, attributes} = attrs as unknown as KernelCall<Attributes>;
    const tensors = inputs as unknown as tf.Tensor[];
    return tf.tidy(() => {
      const outputs = reference(named(names, tensors) as Inputs, attributes);
      return outputsOf(attributes).map((output) => outputs[output]);
    });
  };

  return (inputs, attributes) => {
    const names = Object.keys(inputs).filter((input) => inputs[input] !== undefined);
    const tensors = names.map((input) => inputs[input] as tf.Tensor);
    for (let i = 0; i < names.length; i++)
      if (!(tensors[i] instanceof tf.Tensor)) requireTensors(name, {[names[i]]: tensors[i]});
    const call: KernelCall<Attributes> = {names, attributes};
    const results = runFused(name, referenceKernel, tensors, call as unknown as tf.NamedAttrMap);
    return named(outputsOf(attributes), results) as Outputs;
  };
}
