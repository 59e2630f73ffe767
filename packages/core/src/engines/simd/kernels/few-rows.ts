import type {SimdBackend} from '../backend';
import {borrowing} from './borrowed';

/** Up to so many rows, reading B takes longer than multiplying. */
const MOST_ROWS = 8;

/** Floats of B in a piece: a microsecond or two. */
const PIECE = 8192;

/** What reading a float of B takes, in multiplications of a product that reads it from a register. */
const READING = 8;

/** Columns of a block where rows are long: as much as stays in the first cache. */
const BLOCK = 8192;

/** Parts that K is cut into at most: each takes room and time for sums of its own. */
const MOST_PARTS = 8;

/** Products of matrices that lie `strideA` and `strideB` floats apart. */
export interface FewRowsProduct {
  A: number;
  B: number;
  C: number;
  M: number;
  N: number;
  K: number;
  /** B is [N, K]. */
  transposed: boolean;
  count: number;
  strideA: number;
  strideB: number;
  /** Address of [N], added to each row; 0 for none. */
  bias: number;
}

/** Whether {@link multiplyFewRows} is the way to multiply `M` rows with a matrix. */
export const areFewRows = (M: number, K: number): boolean => M <= MOST_ROWS && K > 0;

/** C = A · B for few rows: B is read as it lies. See `assembly/few-rows.ts`. */
export function multiplyFewRows(backend: SimdBackend, product: FewRowsProduct): void {
  const {A, B, C, M, N, K, transposed, count, strideA, strideB, bias} = product;
  const work = READING * M * N * K * count;
  const task = (blocks: number, parts: number, sums: number, done: number) => [
    ...[A, B, C, M, N, K, strideA, strideB],
    ...[blocks, parts, sums, done, bias],
  ];
  if (transposed) {
    const blocks = Math.ceil((N * K) / PIECE);
    backend.threads.run('jobDots', task(blocks, 1, 0, 0), blocks * count, work);
    return;
  }
  const blocks = N >= 2 * BLOCK ? Math.ceil(N / BLOCK) : 1;
  const parts = blocks > 1 ? 1 : Math.min(MOST_PARTS, K, Math.ceil((N * K) / PIECE));
  if (parts === 1) {
    backend.threads.run('jobRows', task(blocks, 1, 0, 0), blocks * count, work);
    return;
  }
  borrowing(backend, (borrowed) => {
    const sums = borrowed.floats(count * parts * M * ((N + 15) & ~15));
    const done = borrowed.floats(count);
    backend.memoryBlocks.ints.fill(0, done / 4, done / 4 + count);
    backend.threads.run('jobRows', task(1, parts, sums, done), parts * count, work);
  });
}
