import type {TensorMapping} from '@variants/core';
import type {TransformerConfig} from '../config';

/** A Linear: its matrix, which PyTorch stores as [out, in], and its bias where it has one. */
export function linear(theirs: string, ours: string, useBias: boolean, transpose = true): TensorMapping[] {
  const matrix = {theirs: `${theirs}.weight`, ours: `${ours}/kernel`, transpose};
  return useBias ? [matrix, {theirs: `${theirs}.bias`, ours: `${ours}/bias`}] : [matrix];
}

/** A norm's weight, and its bias where it has one. */
export function norm(theirs: string, ours: string, useBias: boolean): TensorMapping[] {
  const weight = {theirs: `${theirs}.weight`, ours: `${ours}/weight`};
  return useBias ? [weight, {theirs: `${theirs}.bias`, ours: `${ours}/bias`}] : [weight];
}

/** The mappings of all blocks. */
export function blocks(
  {numLayers}: TransformerConfig,
  block: (ours: string, i: number) => TensorMapping[],
): TensorMapping[] {
  return Array.from({length: numLayers}, (_, i) => block(`block_${i}`, i)).flat();
}
