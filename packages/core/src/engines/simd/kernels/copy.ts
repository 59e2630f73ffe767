import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';

/** About as many values as a piece has. */
const PIECE = 8192;

/** An axis of a copy: its length, and how far the source and the target step along it. */
export interface CopyAxis {
  size: number;
  from: number;
  to: number;
}

/** Copies 4-byte values along axes, the slowest first. Addresses are those of the values with all indices 0. */
export function copyStrided(backend: SimdBackend, from: number, to: number, axes: readonly CopyAxis[]): void {
  if (axes.some(({size}) => size === 0)) return;
  const [row = {size: 1, from: 1, to: 1}, ...outer] = joined(axes);
  const rows = outer.reduce((product, {size}) => product * size, 1);
  const pieceRows = Math.max(1, Math.floor(PIECE / row.size));
  const args = [from, to, rows, row.size, row.from, row.to, pieceRows, outer.length];
  for (const axis of outer) args.push(axis.size, axis.from, axis.to);
  backend.threads.run('jobCopy', args, Math.ceil(rows / pieceRows), rows * row.size);
}

/** The axes with the fastest first, and neighbours joined where both sides go through them in one. */
function joined(axes: readonly CopyAxis[]): CopyAxis[] {
  const result: CopyAxis[] = [];
  for (const {size, from, to} of [...axes].reverse()) {
    const inner = result[result.length - 1];
    if (size === 1) continue;
    if (inner && from === inner.from * inner.size && to === inner.to * inner.size) inner.size *= size;
    else result.push({size, from, to});
  }
  return result;
}

/** Values from one index to the next along each axis of a tensor in row-major order. */
export function stridesOf(shape: number[]): number[] {
  return shape.length === 0 ? [] : [...tf.util.computeStrides(shape), 1];
}
