import {grad, init, type Array as JaxArray, jit, nn, numpy as np} from '@jax-js/jax';
import {probe, sizeOf, values} from '../../tasks/values';
import type {Computation, Library} from '../computation';
import {decoding} from './decoding';
import {plainLongConvolution} from './long-convolution';
import {causalBias, plainAttention} from './model';
import {trainingStep} from './training';

/** An array of the numbers of list `seed`. */
function arrayOf(shape: readonly number[], seed: number): JaxArray {
  return np.array(values(sizeOf(shape), seed)).reshape([...shape]);
}

/** Computes a compiled function of fixed arrays. Functions use up the references to arrays that they are given. */
function computationOf(
  inputs: readonly JaxArray[],
  compute: (...inputs: JaxArray[]) => JaxArray | JaxArray[],
): Computation {
  const compiled = jit(compute as (...inputs: JaxArray[]) => JaxArray[]);
  let results: JaxArray[] = [];
  const release = (arrays: readonly JaxArray[]) => {
    for (const array of arrays) array.dispose();
  };
  return {
    async run() {
      release(results);
      results = [compiled(...inputs.map((x) => x.ref))].flat();
      for (const result of results) await result.blockUntilReady();
    },
    result: async () => probe((await results[0].ref.data()) as Float32Array),
    dispose: () => release([...inputs, ...results]),
  };
}

const unary = (shape: readonly number[], compute: (x: JaxArray) => JaxArray) =>
  computationOf([arrayOf(shape, 0)], compute);

const overAxis = (
  {shape, axis}: {shape: readonly number[]; axis: number | null},
  reduce: (x: JaxArray, axis?: number) => JaxArray,
) => unary(shape, (x) => reduce(x, axis ?? undefined));

const attentionInputs = (shape: readonly number[], count: number) =>
  Array.from({length: count}, (_, seed) => arrayOf(shape, seed));

/** [..., time, channels] to [..., channels, time] and back. */
const withTimeLast = (x: JaxArray) => np.swapaxes(x, -1, -2);

/** Everything in jax-js on WebAssembly, compiled by its `jit`. */
export async function jaxLibrary(): Promise<Library> {
  await init('wasm');
  return {
    matMul: ({a, b, transposeA, transposeB}) =>
      computationOf([arrayOf(a, 0), arrayOf(b, 1)], (x, y) =>
        np.matmul(transposeA ? np.matrixTranspose(x) : x, transposeB ? np.matrixTranspose(y) : y),
      ),
    softmax: ({shape}) => unary(shape, (x) => nn.softmax(x, -1)),
    layerNorm({shape}) {
      const features = shape.slice(-1);
      return computationOf([arrayOf(shape, 0), arrayOf(features, 1), arrayOf(features, 2)], (x, weight, bias) =>
        nn.standardize(x, -1, {epsilon: 1e-5}).mul(weight).add(bias),
      );
    },
    gelu: ({shape}) => unary(shape, (x) => nn.gelu(x, {approximate: true})),
    exp: ({shape}) => unary(shape, (x) => np.exp(x)),
    chain({shape}) {
      const features = shape.slice(-1);
      return computationOf([arrayOf(shape, 0), arrayOf(features, 1), arrayOf(features, 2)], (x, a, b) =>
        nn.sigmoid(x.ref.mul(a).add(b.ref)).mul(x).add(b),
      );
    },
    transpose: ({shape, axes}) => unary(shape, (x) => np.transpose(x, [...axes])),
    sum: (task) => overAxis(task, (x, axis) => np.sum(x, axis)),
    max: (task) => overAxis(task, (x, axis) => np.max(x, axis)),
    argMax: (task) => overAxis(task, (x, axis) => np.argmax(x, axis)),
    fft: ({shape}) =>
      computationOf([arrayOf(shape, 0), arrayOf(shape, 1)], (real, imag) => {
        const spectrum = np.fft.fft({real, imag});
        return [spectrum.real, spectrum.imag];
      }),
    realFft: ({shape}) =>
      computationOf([arrayOf(shape, 0)], (x) => {
        const {real, imag} = np.fft.rfft(x);
        return [real, imag];
      }),
    longConvolution({shape}) {
      const [x, filter, direction] = [shape, shape.slice(1), shape].map(arrayOf);
      return computationOf([x, filter, direction].map(withTimeLast), (x, filter, direction) => {
        const [dX, ...others] = plainLongConvolution(x, filter, direction);
        return [withTimeLast(dX), ...others];
      });
    },
    attention: ({shape}) =>
      computationOf([...attentionInputs(shape, 3), causalBias(shape[2])], (q, k, v, bias) =>
        plainAttention(q, k, v, bias),
      ),
    attentionGradient: ({shape}) =>
      computationOf([...attentionInputs(shape, 4), causalBias(shape[2])], (q, k, v, direction, bias) => {
        const along = (q: JaxArray, k: JaxArray, v: JaxArray) => np.sum(plainAttention(q, k, v, bias).mul(direction));
        return [...grad(along, {argnums: [0, 1, 2]})(q, k, v)] as JaxArray[];
      }),
    trainingStep,
    decode: decoding,
  };
}
