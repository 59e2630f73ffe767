import type {SimdBackend} from '../backend';

/** Columns of a packed panel and rows of a piece; see `assembly/gemm.ts`. */
const PANEL = 8;
const ROWS = 32;

/** Matrices in the engine's memory. */
export interface Matrices {
  address: number;
  /** Floats from one row to the next. */
  row: number;
  /** Floats from one matrix to the next; 0 where there is one for all. */
  stride: number;
}

/** Matrices that may lie there with their axes swapped. */
export interface Factors extends Matrices {
  transposed: boolean;
}

/** M x K by K x N, `count` times. */
export interface ProductSizes {
  M: number;
  N: number;
  K: number;
  count: number;
}

/** What a packed matrix [K, N] takes, in floats. */
export const packedSize = (K: number, N: number): number => Math.ceil(N / PANEL) * PANEL * K;

/** Packs `count` matrices B [K, N] in panels, to where there is {@link packedSize} for each. */
export function pack(backend: SimdBackend, B: Factors, to: number, {N, K, count}: Omit<ProductSizes, 'M'>): void {
  const panels = Math.ceil(N / PANEL);
  const args = [B.address, to, K, N, Number(B.transposed), B.stride, panels, B.row];
  backend.threads.run('jobPack', args, panels * count, K * N * count);
}

/**
 * C = A · B.
 * @param packed Address of the packed matrices of B.
 * @param packedStride Floats from one of them to the next.
 * @param bias Address of [N], added to each row; 0 for none.
 */
export function multiplyPacked(
  backend: SimdBackend,
  A: Factors,
  packed: number,
  packedStride: number,
  C: Matrices,
  {M, N, K, count}: ProductSizes,
  bias = 0,
): void {
  const blocks = Math.ceil(M / ROWS);
  const args = [
    ...[A.address, packed, C.address, M, N, K],
    ...[A.stride, packedStride, C.stride, A.row, C.row],
    ...[blocks, bias, Number(A.transposed)],
  ];
  backend.threads.run('jobGemm', args, blocks * count, M * N * K * count);
}
