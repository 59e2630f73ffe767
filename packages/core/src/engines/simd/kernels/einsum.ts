import * as tf from '@tensorflow/tfjs';
import {Binary, Reduction} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {zipValues} from './binary';
import {kernel, type SimdKernel} from './kernel';
import {multiply} from './mat-mul';
import {reduce} from './reduce';
import {permute} from './transpose';

/** A tensor whose axes have labels: numbers that the terms of an equation share. */
interface Labelled {
  tensor: tf.TensorInfo;
  labels: number[];
}

/** Composes kernels on labelled tensors, and frees what they leave behind. */
class Contraction {
  private readonly made: tf.TensorInfo[] = [];

  constructor(
    private readonly backend: SimdBackend,
    private readonly sizes: ReadonlyMap<number, number>,
  ) {}

  /** The product of two tensors, summed over the labels that are not in `output`. */
  product(first: Labelled, second: Labelled, output: number[]): Labelled {
    const a = this.sumOut(first, [...second.labels, ...output]);
    const b = this.sumOut(second, [...first.labels, ...output]);
    const free = output.filter((label) => a.labels.includes(label) !== b.labels.includes(label));
    // The one whose own axes come first makes the rows, so that fewer results need reordering.
    const [left, right] = free.length > 0 && b.labels.includes(free[0]) ? [b, a] : [a, b];
    const shared = left.labels.filter((label) => right.labels.includes(label));
    const batch = output.filter((label) => shared.includes(label));
    const summed = shared.filter((label) => !output.includes(label));
    const rows = free.filter((label) => left.labels.includes(label));
    const columns = free.filter((label) => right.labels.includes(label));
    const isSmall = this.size(rows) === 1 && this.size(columns) === 1;
    if (this.size(summed) === 1 || isSmall) return this.pointwise(left, right, output, summed);
    return this.multiplied(left, right, {batch, rows, columns, summed});
  }

  /** The tensor with its axes in the order of `labels`, seen as `shape`. */
  arranged({tensor, labels}: Labelled, order: number[], shape = this.shape(order)): tf.TensorInfo {
    const permuted = permute(
      this.backend,
      tensor,
      order.map((label) => labels.indexOf(label)),
    );
    this.made.push(permuted);
    return {...permuted, shape};
  }

  /** Sums over the labels that are not in `kept`. */
  sumOut({tensor, labels}: Labelled, kept: number[]): Labelled {
    const axes = labels.flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
    if (axes.length === 0) return {tensor, labels};
    const sum = reduce(this.backend, tensor, Reduction.Sum, axes, false);
    this.made.push(sum);
    return {tensor: sum, labels: labels.filter((label) => kept.includes(label))};
  }

  /** Frees everything but the result, which the caller gets as its own. */
  finish(result: tf.TensorInfo): tf.TensorInfo {
    this.backend.incRef(result.dataId);
    for (const {dataId} of this.made) this.backend.disposeData(dataId);
    return result;
  }

  private shape(labels: number[]): number[] {
    return labels.map((label) => this.sizes.get(label) as number);
  }

  private size(labels: number[]): number {
    return tf.util.sizeFromShape(this.shape(labels));
  }

  /** Where there is nothing to sum over, or each sum is of its own values only: element by element. */
  private pointwise(left: Labelled, right: Labelled, output: number[], summed: number[]): Labelled {
    const order = [...output, ...summed];
    const [a, b] = [left, right].map((term) => {
      const shape = order.map((label) => (term.labels.includes(label) ? (this.sizes.get(label) as number) : 1));
      return this.arranged(
        term,
        order.filter((label) => term.labels.includes(label)),
        shape,
      );
    });
    const tensor = zipValues(this.backend, a, b, Binary.Multiply);
    this.made.push(tensor);
    return this.sumOut({tensor, labels: order}, output);
  }

  /** By matrix products in batches. */
  private multiplied(
    left: Labelled,
    right: Labelled,
    {batch, rows, columns, summed}: Record<'batch' | 'rows' | 'columns' | 'summed', number[]>,
  ): Labelled {
    const a = this.matrices(left, batch, rows, summed);
    const b = this.matrices(right, batch, summed, columns);
    const transposed = {transposeA: a.isTransposed, transposeB: b.isTransposed};
    const tensor = multiply(this.backend, {a: a.tensor, b: b.tensor}, transposed);
    this.made.push(tensor);
    const labels = [...batch, ...rows, ...columns];
    return {tensor: {...tensor, shape: this.shape(labels)}, labels};
  }

  /** A term as matrices [batch, rows, columns]; transposed where its axes lie so already. */
  private matrices(term: Labelled, batch: number[], rows: number[], columns: number[]) {
    const swapped = [...batch, ...columns, ...rows];
    const isTransposed = rows.length > 0 && tf.util.arraysEqual(term.labels, swapped);
    const sizes = [this.size(batch), this.size(rows), this.size(columns)];
    const tensor = isTransposed
      ? this.arranged(term, swapped, [sizes[0], sizes[2], sizes[1]])
      : this.arranged(term, [...batch, ...rows, ...columns], sizes);
    return {tensor, isTransposed};
  }
}

/** tfjs's Einsum: of two tensors by matrix products in batches. */
export const einsumKernels: readonly SimdKernel[] = [
  kernel<tf.TensorInfo[], {equation: string}>('Einsum', ({inputs, backend, attrs}) => {
    const {allDims, summedDims, idDims} = tf.backend_util.decodeEinsumEquation(attrs.equation, inputs.length);
    tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, inputs as tf.Tensor[]);
    const [, outputTerm] = attrs.equation.replace(/\s/g, '').split('->');
    const isPlain = new Set(outputTerm).size === outputTerm.length;
    if (!isPlain || inputs.some(({dtype, shape}) => dtype !== 'float32' || shape.includes(0)))
      return backend.fallback('Einsum', inputs, attrs);
    const sizes = new Map(idDims.flatMap((labels, i) => labels.map((label, axis) => [label, inputs[i].shape[axis]])));
    const contraction = new Contraction(backend, sizes);
    const output = allDims.map((_, label) => label).filter((label) => !summedDims.includes(label));
    const [first, second] = inputs.map((tensor, i) => ({tensor, labels: idDims[i]}));
    const result = second ? contraction.product(first, second, output) : contraction.sumOut(first, output);
    return contraction.finish(contraction.arranged(result, output));
  }),
];
