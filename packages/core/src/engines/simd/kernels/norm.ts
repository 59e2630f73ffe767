import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {floatBits, fusedKernel, type SimdKernel} from './kernel';
import {sumOfParts} from './parts';
import {rowsOf} from './rows';

/** Of a value, in about the time of a multiplication in a matrix product. */
const COST = 4;

/** The most pieces whose rows add up gradients of weights, each for itself. */
const MOST_PARTS = 64;

interface Attributes {
  epsilon: number;
}

const addressOf = (backend: SimdBackend, tensor: tf.TensorInfo | undefined) => (tensor ? backend.address(tensor) : 0);

/** How many rows of x there are different weights for. */
const weightRowsOf = (weight: tf.TensorInfo | undefined, length: number) =>
  weight ? tf.util.sizeFromShape(weight.shape) / length : 1;

/** LayerNorm or RmsNorm. */
const norm = (name: string, centred: boolean): SimdKernel =>
  fusedKernel<Attributes>(name, ([x, weight, bias], backend, {attributes}) => {
    const output = backend.output(x.shape);
    const {rows, length, pieceRows, pieces} = rowsOf(x);
    const addresses = [x, weight, bias, output].map((tensor) => addressOf(backend, tensor));
    const sizes = [rows, length, pieceRows, weightRowsOf(weight, length), Number(centred)];
    const args = [...addresses, ...sizes, floatBits(attributes.epsilon)];
    backend.threads.run('jobNorm', args, pieces, COST * rows * length);
    return [output];
  });

const normGradient = (name: string, centred: boolean): SimdKernel =>
  fusedKernel<Attributes>(`${name}Gradient`, ([dy, x, ...rest], backend, {names, attributes}) => {
    const [weight, bias] = rest.slice(0, names.length - 1);
    const output = backend.output(x.shape);
    const {rows, length, pieceRows, pieces} = rowsOf(x, weight && MOST_PARTS);
    const parts = [weight, bias].map((tensor) => tensor && backend.output([pieces, ...tensor.shape]));
    const addresses = [dy, x, weight, output, ...parts].map((tensor) => addressOf(backend, tensor));
    const sizes = [rows, length, pieceRows, weightRowsOf(weight, length), Number(centred)];
    const args = [...addresses, ...sizes, floatBits(attributes.epsilon)];
    backend.threads.run('jobNormGradient', args, pieces, 2 * COST * rows * length);
    return [output, ...parts.flatMap((part) => (part ? [sumOfParts(backend, part, weight.shape)] : []))];
  });

/** The fused kernels of `kernels/layer-norm` and `kernels/rms-norm`. */
export const normKernels: readonly SimdKernel[] = [
  norm('LayerNorm', true),
  normGradient('LayerNorm', true),
  norm('RmsNorm', false),
  normGradient('RmsNorm', false),
];
