import * as tf from '@tensorflow/tfjs';
import type {AttentionAttributes, AttentionInputs, AttentionOutputs} from '../../../kernels/attention';
import {attentionGradient} from '../../../kernels/attention/gradient';
import type {SimdBackend} from '../backend';
import {packForAttention} from './attention-pack';
import {type AttentionCall, shapeArgs} from './attention-shape';
import {type Borrowed, borrowing} from './borrowed';
import {floatBits, fusedKernel, type SimdKernel} from './kernel';

/** Queries and keys of a tile; see `assembly/attention-tiles.ts`. */
const QUERY_TILE = 32;
const KEY_TILE = 64;

/** Up to so many queries, keys and values are read as they lie: packing them would take longer. */
const FEW_QUERIES = 8;
/** And up to so many rows of a key head, whose running sums must fit a thread's own memory. */
const FEW_ROWS = 4096;

/** So many pieces of a gradient at least, by parts of the keys, so that threads share few heads too. */
const GRADIENT_PIECES = 8;

const namedIn =
  (tensors: tf.TensorInfo[], names: string[]) =>
  (name: string): tf.TensorInfo | undefined =>
    tensors[names.indexOf(name)];

function forward(tensors: tf.TensorInfo[], backend: SimdBackend, call: AttentionCall): tf.TensorInfo[] {
  const [queries, keys, values] = tensors;
  const [batch, numHeads, numQueries, size] = queries.shape;
  const [, numKeyHeads, numKeys, valueSize] = values.shape;
  const output = backend.output([batch, numHeads, numQueries, valueSize]);
  const logSumExp = backend.output([batch, numHeads, numQueries]);
  const shape = shapeArgs(backend, queries, values, namedIn(tensors, call.names), call.attributes);
  const work = batch * numHeads * numQueries * numKeys * (size + valueSize);
  const {scale} = call.attributes;
  if (numQueries <= FEW_QUERIES && (numHeads / numKeyHeads) * numQueries <= FEW_ROWS) {
    const addresses = [queries, keys, values, output, logSumExp].map((x) => backend.address(x));
    // Heads that share keys are looked at together, but for as many parts as give every thread a piece.
    const heads = batch * numKeyHeads;
    const parts = Math.max(1, Math.min(numHeads / numKeyHeads, Math.ceil(backend.threads.count / heads)));
    backend.threads.run('jobAttentionFew', [...shape, ...addresses, floatBits(scale), parts], heads * parts, work);
    return [output, logSumExp];
  }
  borrowing(backend, (borrowed) => {
    const [packedKeys, packedValues] = packForAttention(backend, borrowed, shape, [
      {matrices: keys, across: true, perKey: true, factor: scale},
      {matrices: values, across: false, perKey: true, factor: 1},
    ]);
    const tiles = Math.ceil(numQueries / QUERY_TILE);
    const args = [
      ...[...shape, backend.address(queries), packedKeys.address, packedValues.address],
      ...[output.address, logSumExp.address, tiles, packedKeys.floats, packedValues.floats],
    ];
    backend.threads.run('jobAttention', args, batch * numHeads * tiles, work);
  });
  return [output, logSumExp];
}

function backward(tensors: tf.TensorInfo[], backend: SimdBackend, call: AttentionCall): tf.TensorInfo[] {
  const {names, attributes} = call;
  const [dOutput, dLogSumExp, ...saved] = tensors;
  const named = namedIn(saved, names);
  if (named('bias')) return composedGradient(tensors as tf.Tensor[], call);
  const [queries, keys, values] = saved;
  const [output, logSumExp] = saved.slice(names.length);
  const [dQueries, dKeys, dValues] = [queries, keys, values].map((x) => backend.output(x.shape));
  const [batch, numHeads, numQueries, size] = queries.shape;
  const [, numKeyHeads, numKeys, valueSize] = values.shape;
  const shape = shapeArgs(backend, queries, values, named, attributes);
  const {scale} = attributes;
  const {parts, partKeys} = partsOfKeys(batch * numKeyHeads, numKeys);
  borrowing(backend, (borrowed) => {
    const packed = packForAttention(backend, borrowed, shape, [
      {matrices: keys, across: true, perKey: true, factor: scale},
      {matrices: values, across: true, perKey: true, factor: 1},
      {matrices: keys, across: false, perKey: true, factor: scale},
      {matrices: queries, across: false, perKey: false, factor: scale},
      {matrices: dOutput, across: false, perKey: false, factor: 1},
    ]);
    const sums = partialSums(borrowed, dQueries, parts);
    const args = [
      ...shape,
      ...[queries, output, logSumExp, dOutput, dLogSumExp].map((x) => backend.address(x)),
      ...packed.map(({address}) => address),
      ...packed.map(({floats}) => floats),
      ...[sums.address, sums.floats, dKeys.address, dValues.address, parts, partKeys],
    ];
    const work = batch * numHeads * numQueries * numKeys * (3 * size + 2 * valueSize);
    backend.threads.run('jobAttentionGradient', args, batch * numKeyHeads * parts, work);
    sums.addUp(backend);
  });
  return [dQueries, dKeys, dValues];
}

/** Into how many parts the keys of a head are cut, whatever the number of threads: it changes bits. */
function partsOfKeys(heads: number, numKeys: number): {parts: number; partKeys: number} {
  const tiles = Math.max(1, Math.ceil(numKeys / KEY_TILE));
  const wanted = Math.max(1, Math.min(tiles, Math.ceil(GRADIENT_PIECES / heads)));
  const partTiles = Math.ceil(tiles / wanted);
  return {parts: Math.ceil(tiles / partTiles), partKeys: partTiles * KEY_TILE};
}

/** Values of a piece of the sum over parts. */
const SUM_PIECE = 16384;

/** Room for what each part adds to a gradient: the gradient itself where there is one part. */
function partialSums(borrowed: Borrowed, gradient: tf.TensorInfo & {address: number}, parts: number) {
  const count = tf.util.sizeFromShape(gradient.shape);
  const floats = 4 * Math.ceil(count / 4);
  const address = parts === 1 ? gradient.address : borrowed.floats(parts * floats);
  return {
    address,
    floats,
    addUp(backend: SimdBackend): void {
      if (parts === 1) return;
      const addresses = Array.from({length: parts}, (_, part) => address + 4 * floats * part);
      const args = [gradient.address, count, SUM_PIECE, parts, ...addresses];
      backend.threads.run('jobAddN', args, Math.ceil(count / SUM_PIECE), parts * count);
    },
  };
}

/** With a bias, whose gradient needs dS whole: the closed form on this backend's matrix products. */
function composedGradient(tensors: tf.Tensor[], {names, attributes}: AttentionCall): tf.Tensor[] {
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
