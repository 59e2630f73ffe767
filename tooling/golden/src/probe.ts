import * as tf from '@tensorflow/tfjs';
import type {Actual, Measured} from './actual';
import type {GoldenCase} from './golden-case';

type Tensors = {[name: string]: tf.Tensor};

const finiteProducts = (output: tf.Tensor, probe: tf.Tensor) =>
  tf.where(output.isFinite(), output, tf.zerosLike(output)).mul(probe);

/** The scalar Σ sum(output * probe), differentiable; outputs that are not finite are left out. */
export function probeLoss(...pairs: [output: tf.Tensor, probe: tf.Tensor][]): tf.Scalar {
  return tf.addN(pairs.map(([output, probe]) => finiteProducts(output, probe).sum())).asScalar();
}

/** An operator to be compared with a case. */
export interface ProbedOperator {
  /** What gradients are taken of, by their stored names without `grad.`: {'input.q': q, 'q_proj.weight': w}. */
  inputs: Tensors;
  /** Computes the outputs, by their stored names ('output.y'), from those inputs. */
  run: (inputs: Tensors) => Tensors;
  /** The stored name of each output's probe: {'output.y': 'probe'}. Outputs without one are not part of the loss. */
  probes: {[output: string]: string};
  /** Stands before `loss` and `grad.`, for a second form of the operator: 'chunkwise.'. Default none. */
  prefix?: string;
}

/**
 * Runs an operator and takes the gradients of its probe loss: the outputs, `loss` and `grad.*` of the case. The error of
 * the loss, whose terms cancel, is relative to the sum of their absolute values.
 */
export function probedOperator(golden: GoldenCase, {inputs, run, probes, prefix = ''}: ProbedOperator): Actual {
  const names = Object.keys(inputs);
  const pairsOf = (outputs: Tensors) =>
    Object.entries(probes).map(([output, probe]): [tf.Tensor, tf.Tensor] => [outputs[output], golden.tensor(probe)]);
  const loss = (...values: tf.Tensor[]) =>
    probeLoss(...pairsOf(run(Object.fromEntries(names.map((name, i) => [name, values[i]])))));

  const outputs = run(inputs);
  const gradients = tf.grads(loss)(Object.values(inputs));
  return {
    ...outputs,
    [`${prefix}loss`]: measuredLoss(pairsOf(outputs)),
    ...Object.fromEntries(names.map((name, i) => [`${prefix}grad.${name}`, gradients[i]])),
  };
}

function measuredLoss(pairs: [tf.Tensor, tf.Tensor][]): Measured {
  const terms = pairs.map(([output, probe]) => finiteProducts(output, probe).abs().sum());
  return {value: probeLoss(...pairs), scale: tf.addN(terms)};
}
