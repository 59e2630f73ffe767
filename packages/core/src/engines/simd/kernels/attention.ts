import * as tf from '@tensorflow/tfjs';
import type {AttentionAttributes, AttentionInputs, AttentionOutputs} from '../../../kernels/attention';
import {attentionGradient} from '../../../kernels/attention/gradient';
import {attentionReference} from '../../../kernels/attention/reference';
import type {SimdBackend} from '../backend';
import {Borrowed} from './borrowed';
import {type FusedCall, floatBits, fusedKernel, type SimdKernel} from './kernel';

/** Queries of a tile; see `assembly/attention-tiles.ts`. */
const QUERY_TILE = 32;
const PANEL = 8;

type Call = FusedCall<AttentionAttributes>;

/** The sizes of a call, and the arguments that both directions begin with. */
function shapeOf(queries: tf.TensorInfo, values: tf.TensorInfo, {scale, causal}: AttentionAttributes) {
  const [batch, numHeads, numQueries, size] = queries.shape;
  const [, numKeyHeads, numKeys, valueSize] = values.shape;
  const group = numHeads / numKeyHeads;
  return {
    batch,
    numHeads,
    numKeyHeads,
    numQueries,
    numKeys,
    size,
    valueSize,
    args: [numHeads, group, numQueries, numKeys, size, valueSize, floatBits(scale), causal ? 1 : 0],
  };
}

/** A tensor that is added to the scores: its address, and its steps along batch, head, query and key. */
function additive(address: number, shape: number[]): number[] {
  const padded = [...Array(4 - shape.length).fill(1), ...shape];
  const strides = [...tf.util.computeStrides(padded), 1];
  return [address, ...padded.map((length, axis) => (length === 1 ? 0 : strides[axis]))];
}

const nothing = [0, 0, 0, 0, 0];

function biasArgs(backend: SimdBackend, bias: tf.TensorInfo | undefined): number[] {
  return bias ? additive(backend.address(bias), bias.shape) : nothing;
}

/** A mask as what it adds to the scores: 0 or -infinity. */
function maskArgs(backend: SimdBackend, mask: tf.TensorInfo | undefined, borrowed: Borrowed): number[] {
  if (!mask) return nothing;
  const allowed = backend.values(mask);
  const address = borrowed.floats(allowed.length);
  const values = new Float32Array(backend.memoryBlocks.memory.buffer, address, allowed.length);
  for (let i = 0; i < allowed.length; i++) values[i] = allowed[i] ? 0 : Number.NEGATIVE_INFINITY;
  return additive(address, mask.shape);
}

/** Matrices [count, rows, columns] in panels of 8 columns, or of 8 rows when `across`; and the floats of each. */
function packed(
  backend: SimdBackend,
  borrowed: Borrowed,
  address: number,
  [count, rows, columns]: [number, number, number],
  across: boolean,
): {address: number; floats: number} {
  const [depth, width] = across ? [columns, rows] : [rows, columns];
  const panels = Math.ceil(width / PANEL);
  const floats = panels * PANEL * depth;
  const to = borrowed.floats(count * floats);
  const args = [address, to, depth, width, across ? 1 : 0, rows * columns, panels];
  backend.threads.run('jobPack', args, panels * count, rows * columns * count);
  return {address: to, floats};
}

function forward(tensors: tf.TensorInfo[], backend: SimdBackend, {names, attributes}: Call): tf.TensorInfo[] {
  const named = (name: string) => tensors[names.indexOf(name)] as tf.TensorInfo | undefined;
  if (isComposed(names, attributes)) return composed(tensors as tf.Tensor[], {names, attributes});
  const [queries, keys, values] = tensors;
  const shape = shapeOf(queries, values, attributes);
  const {batch, numHeads, numKeyHeads, numQueries, numKeys, size, valueSize} = shape;
  const output = backend.output([batch, numHeads, numQueries, valueSize]);
  const logSumExp = backend.output([batch, numHeads, numQueries]);
  const borrowed = new Borrowed(backend);
  const heads = batch * numKeyHeads;
  const packedKeys = packed(backend, borrowed, backend.address(keys), [heads, numKeys, size], true);
  const packedValues = packed(backend, borrowed, backend.address(values), [heads, numKeys, valueSize], false);
  const tiles = Math.ceil(numQueries / QUERY_TILE);
  const args = [
    ...shape.args,
    ...[backend.address(queries), packedKeys.address, packedValues.address, output.address, logSumExp.address],
    ...[tiles, packedKeys.floats, packedValues.floats],
    ...biasArgs(backend, named('bias')),
    ...maskArgs(backend, named('mask'), borrowed),
  ];
  const work = batch * numHeads * numQueries * numKeys * (size + valueSize);
  backend.threads.run('jobAttention', args, batch * numHeads * tiles, work);
  borrowed.release();
  return [output, logSumExp];
}

function backward(tensors: tf.TensorInfo[], backend: SimdBackend, call: Call): tf.TensorInfo[] {
  const {names, attributes} = call;
  const [dOutput, dLogSumExp, ...saved] = tensors;
  const named = (name: string) => saved[names.indexOf(name)] as tf.TensorInfo | undefined;
  if (named('bias') || isComposed(names, attributes)) return composedGradient(tensors as tf.Tensor[], call);
  const [queries, keys, values] = saved;
  const [output, logSumExp] = saved.slice(names.length);
  const shape = shapeOf(queries, values, attributes);
  const {batch, numHeads, numKeyHeads, numQueries, numKeys, size, valueSize} = shape;
  const gradients = [queries, keys, values].map((x) => backend.output(x.shape));
  const borrowed = new Borrowed(backend);
  const pack = (x: tf.TensorInfo, across: boolean) =>
    packed(backend, borrowed, backend.address(x), [x.shape[0] * x.shape[1], x.shape[2], x.shape[3]], across);
  const matrices = [
    pack(keys, true),
    pack(values, true),
    pack(keys, false),
    pack(queries, false),
    pack(dOutput, false),
  ];
  const args = [
    ...shape.args,
    ...[queries, output, logSumExp, dOutput, dLogSumExp].map((x) => backend.address(x)),
    ...matrices.map(({address}) => address),
    ...gradients.map(({address}) => address),
    ...matrices.map(({floats}) => floats),
    ...nothing,
    ...maskArgs(backend, named('mask'), borrowed),
  ];
  const work = batch * numHeads * numQueries * numKeys * (3 * size + 2 * valueSize);
  backend.threads.run('jobAttentionGradient', args, batch * numKeyHeads, work);
  borrowed.release();
  return gradients;
}

/** Whether the reference, on this backend's operations, stands in for the tiles. */
const isComposed = (names: string[], {window}: AttentionAttributes) => window !== null || names.includes('keyLength');

function composed(tensors: tf.Tensor[], {names, attributes}: Call): tf.Tensor[] {
  const inputs = Object.fromEntries(names.map((name, i) => [name, tensors[i]])) as unknown as AttentionInputs;
  return tf.tidy(() => {
    const {output, logSumExp} = attentionReference(inputs, attributes);
    return [output, logSumExp];
  });
}

/** With a bias, whose gradient needs dS whole: the closed form on this backend's matrix products. */
function composedGradient(tensors: tf.Tensor[], {names, attributes}: Call): tf.Tensor[] {
  const [output, logSumExp, ...saved] = tensors;
  const inputs = Object.fromEntries(names.map((name, i) => [name, saved[i]])) as unknown as AttentionInputs;
  const [savedOutput, savedLogSumExp] = saved.slice(names.length);
  const outputs: AttentionOutputs = {output: savedOutput, logSumExp: savedLogSumExp};
  return tf.tidy(() => {
    const gradients = attentionGradient({output, logSumExp}, inputs, outputs, attributes);
    return names.flatMap((name) => gradients[name as keyof AttentionInputs] ?? []);
  });
}

/** The fused kernels of `kernels/attention`. */
export const attentionKernels: readonly SimdKernel[] = [
  fusedKernel<AttentionAttributes>('Attention', forward),
  fusedKernel<AttentionAttributes>('AttentionGradient', backward),
];
