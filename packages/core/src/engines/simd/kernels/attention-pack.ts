import type * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import type {Borrowed} from './borrowed';
import {floatBits} from './kernel';

/** Columns of a panel, and rows of a piece; see `assembly/attention-pack.ts`. */
const PANEL = 8;
const ROWS = 256;

/** Matrices that are to be packed. */
interface Packing {
  /** [batch, heads, rows, columns] */
  matrices: tf.TensorInfo;
  /** In panels of 8 rows in place of 8 columns. */
  across: boolean;
  /** Keys or values, whose rows may be room alone. */
  perKey: boolean;
  /** What the values are multiplied with. */
  factor: number;
}

/** Where packed matrices lie, and the floats from one to the next. */
interface Packed {
  address: number;
  floats: number;
}

/**
 * Packs what a call of attention multiplies with, all in one job.
 * @param shape The call's arguments of `shapeArgs`.
 */
export function packForAttention(
  backend: SimdBackend,
  borrowed: Borrowed,
  shape: readonly number[],
  packings: readonly Packing[],
): Packed[] {
  const args = [...shape];
  let [pieces, values] = [0, 0];
  const packed = packings.map(({matrices, across, perKey, factor}) => {
    const [batch, heads, rows, columns] = matrices.shape;
    const count = batch * heads;
    const [depth, width] = across ? [columns, rows] : [rows, columns];
    const floats = Math.ceil(width / PANEL) * PANEL * depth;
    const address = borrowed.floats(count * floats);
    const ownPieces = count * Math.ceil(rows / ROWS);
    args.push(backend.address(matrices), address, rows, columns, across ? 1 : 0, floats, perKey ? 1 : 0);
    args.push(floatBits(factor), ownPieces);
    pieces += ownPieces;
    values += count * floats;
    return {address, floats};
  });
  backend.threads.run('jobAttentionPack', args, pieces, values);
  return packed;
}
