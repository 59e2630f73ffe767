import {Binary, Unary} from '../assembly/operations';

/** Values of a piece of the cheapest operations: some microseconds of work. */
const PIECE = 16384;

/** What a value costs, in about the time of a multiplication in a matrix product. */
export const CHEAP = 2;
export const LONG = 16;
const SINGLE = 256;

/** Of an operation on one tensor; `operations.ts` has them in this order. */
export function unaryCost(operation: Unary): number {
  if (operation < Unary.Elu) return CHEAP;
  return operation < Unary.Tan ? LONG : SINGLE;
}

/** Of an operation on two tensors. */
export function binaryCost(operation: Binary): number {
  if (operation < Binary.GeluGradient) return CHEAP;
  return operation < Binary.FloorDiv ? LONG : SINGLE;
}

/** How many values make a piece that another thread may do: a multiple of 16. */
export const pieceOf = (cost: number): number => (PIECE * CHEAP) / cost;
