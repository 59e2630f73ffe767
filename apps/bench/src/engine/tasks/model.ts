import type {ModelSize} from './task';
import {values} from './values';

/** A weight of a model: its shape, and its values as everybody has them. */
export interface Weight {
  shape: number[];
  values: Float32Array<ArrayBuffer>;
}

/** Weights of a block, in their order: norm, queries, keys, values, output, norm, up, gate, down. */
export const weightsOfBlock = 9;

/**
 * The weights of a LLaMA-shaped model: table [vocabulary, hidden], those of each block, and the last norm. Matrices are
 * [inputs, outputs]. Weight number i has the values of list i, the larger the fewer inputs it has; norms have ones.
 */
export function modelWeights({vocabSize, hiddenSize: D, numLayers, intermediateSize: F}: ModelSize): Weight[] {
  const square = [D, D];
  const block = [[D], square, square, square, square, [D], [D, F], [D, F], [F, D]];
  const shapes = [[vocabSize, D], ...Array.from({length: numLayers}, () => block).flat(), [D]];
  return shapes.map((shape, i) => {
    const [rows, columns] = shape;
    if (columns === undefined) return {shape, values: new Float32Array(rows).fill(1)};
    return {shape, values: values(rows * columns, i, 2 / Math.sqrt(i === 0 ? D : rows))};
  });
}

/** Weights of a model, in all. */
export function countWeights({vocabSize, hiddenSize: D, numLayers, intermediateSize: F}: ModelSize): number {
  return vocabSize * D + numLayers * (4 * D * D + 3 * D * F + 2 * D) + D;
}

/** Of all norms. */
export const normEpsilon = 1e-5;

/** Radians per position of the rotary embedding, for each pair (i, i + size / 2) of a head's features. */
export function rotaryFrequencies({hiddenSize, numHeads}: ModelSize): number[] {
  const size = hiddenSize / numHeads;
  return Array.from({length: size / 2}, (_, i) => 10000 ** ((-2 * i) / size));
}

/** Adam's numbers, for everybody. */
export const adam = {learningRate: 1e-3, betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.1} as const;
