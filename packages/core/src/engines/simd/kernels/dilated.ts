import type * as tf from '@tensorflow/tfjs';
import type {DilatedMergeAttributes} from '../../../kernels/dilated/merge-reference';
import {type DilatedPattern, dilatedShape, keptShape} from '../../../kernels/dilated/pattern';
import type {DilatedRowsAttributes} from '../../../kernels/dilated/rows';
import type {SimdBackend} from '../backend';
import {fusedKernel, type SimdKernel} from './kernel';

/** Positions of a piece of the jobs that go by positions; see `assembly/dilated.ts`. */
const POSITIONS = 64;

/** Tensors of a pattern. */
interface Kept {
  kept: tf.TensorInfo;
  keptLogSumExp?: tf.TensorInfo;
  dKept?: tf.TensorInfo;
  dKeptLogSumExp?: tf.TensorInfo;
}

/** Tensors of all positions. */
interface Dense {
  dense: tf.TensorInfo;
  logSumExp?: tf.TensorInfo;
  dDense?: tf.TensorInfo;
  dLogSumExp?: tf.TensorInfo;
  differentiateShares?: boolean;
}

function run(
  backend: SimdBackend,
  job: 'Rows' | 'RowsGradient' | 'Merge' | 'MergeGradient',
  patterns: readonly DilatedPattern[],
  {dense, logSumExp, dDense, dLogSumExp, differentiateShares}: Dense,
  kept: readonly Kept[],
): void {
  const [batch, time, numHeads, size] = dense.shape;
  const address = (tensor?: tf.TensorInfo) => (tensor ? backend.address(tensor) : 0);
  const args = [dense, logSumExp, dDense, dLogSumExp].map(address);
  args.push(differentiateShares ? 1 : 0, time, numHeads, size, patterns.length);
  let [pieces, work] = [0, 0];
  for (const [i, pattern] of patterns.entries()) {
    const {length, segments, rows, headsPerOffset} = dilatedShape(pattern, time, numHeads);
    const ownPieces = batch * segments * numHeads;
    args.push(length, segments, rows, pattern.dilation, headsPerOffset);
    args.push(...[kept[i].kept, kept[i].keptLogSumExp, kept[i].dKept, kept[i].dKeptLogSumExp].map(address), ownPieces);
    pieces += ownPieces;
    work += 4 * ownPieces * rows * size;
  }
  const byPattern = job === 'Rows' || job === 'MergeGradient';
  const count = byPattern ? pieces : batch * Math.ceil(time / POSITIONS);
  backend.threads.run(`jobDilated${job}`, args, count, work);
}

const rowsOf = fusedKernel<DilatedRowsAttributes>('DilatedRows', ([x], backend, {attributes: {patterns}}) => {
  const outputs = patterns.map((pattern) => backend.output(keptShape(pattern, x.shape)));
  const kept = outputs.map((output) => ({kept: output}));
  run(backend, 'Rows', patterns, {dense: x}, kept);
  return outputs;
});

const rowsGradient = fusedKernel<DilatedRowsAttributes>('DilatedRowsGradient', (gradients, backend, {attributes}) => {
  const dense = backend.output(attributes.shape);
  const kept = gradients.map((gradient) => ({kept: gradient}));
  run(backend, 'RowsGradient', attributes.patterns, {dense}, kept);
  return [dense];
});

/** What patterns found, of tensors that have names. */
const foundIn = (names: string[], tensors: tf.TensorInfo[], {patterns}: DilatedMergeAttributes) =>
  patterns.map((_, i) => ({
    kept: tensors[names.indexOf(`output${i}`)],
    keptLogSumExp: tensors[names.indexOf(`logSumExp${i}`)],
  }));

function denseShape(found: tf.TensorInfo, {patterns, time}: DilatedMergeAttributes): number[] {
  const [pieces, numHeads, , size] = found.shape;
  return [pieces / dilatedShape(patterns[0], time, numHeads).segments, time, numHeads, size];
}

const merge = fusedKernel<DilatedMergeAttributes>('DilatedMerge', (tensors, backend, {names, attributes}) => {
  const found = foundIn(names, tensors, attributes);
  const shape = denseShape(found[0].kept, attributes);
  const [dense, logSumExp] = [shape, shape.slice(0, 3)].map((each) => backend.output(each));
  run(backend, 'Merge', attributes.patterns, {dense, logSumExp}, found);
  return [dense, logSumExp];
});

const mergeGradient = fusedKernel<DilatedMergeAttributes>(
  'DilatedMergeGradient',
  ([dDense, dLogSumExp, ...saved], backend, {names, attributes}) => {
    const {patterns, differentiateShares} = attributes;
    const [dense, logSumExp] = saved.slice(names.length);
    const found = foundIn(names, saved, attributes).map((part) => ({
      ...part,
      dKept: backend.output(part.kept.shape),
      dKeptLogSumExp: backend.output(part.keptLogSumExp.shape),
    }));
    run(backend, 'MergeGradient', patterns, {dense, logSumExp, dDense, dLogSumExp, differentiateShares}, found);
    const byName = Object.fromEntries(
      found.flatMap(({dKept, dKeptLogSumExp}, i) => [
        [`output${i}`, dKept],
        [`logSumExp${i}`, dKeptLogSumExp],
      ]),
    );
    return names.map((name) => byName[name]);
  },
);

/** The fused kernels of `kernels/dilated`. */
export const dilatedKernels: readonly SimdKernel[] = [rowsOf, rowsGradient, merge, mergeGradient];
