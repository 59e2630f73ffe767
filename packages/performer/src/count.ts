import {localHeadsOf, type PerformerConfig, type PerformerMaskedConfig, type PerformerStackFields} from './config';

/** The weights of a stack with its positions and final norm, without tables of tokens. `crossed` has attention to a source besides. */
export function countStack(config: PerformerStackFields, D: number, crossed = false): number {
  const {numHeads, headSize, numFeatures, intermediateSize: F, features, gated, norm, numLayers} = config;
  const width = numHeads * headSize;
  const projections = 4 * D * width + (config.useBias ? 3 * width : 0) + (config.useOutputBias ? D : 0);
  const feedForward = (gated ? 2 : 1) * (D * F + F) + F * D + D;
  const norms = norm === 'layer' ? 4 * D : 2;
  const directions = numFeatures * headSize;
  const hasDirections = (locals: number) => features !== 'none' && locals < numHeads;
  const drawn = localHeadsOf(config).filter(hasDirections).length + (crossed && hasDirections(0) ? numLayers : 0);
  const parts = numLayers * (crossed ? 2 : 1);
  // And the number of calls since the last draw.
  return parts * (projections + feedForward + norms) + drawn * directions + positionsOf(config, D) + 2 * D + 1;
}

function positionsOf({positions, maxSequenceLength, axialShape}: PerformerStackFields, D: number): number {
  if (positions === 'learned') return (maxSequenceLength ?? 0) * D;
  return positions === 'axial' && axialShape ? (axialShape[0] + axialShape[1]) * D : 0;
}

/** All weights of a model counted once. */
export function countParameters(config: PerformerConfig | PerformerMaskedConfig): number {
  const {vocabSize, hiddenSize: D, tieEmbedding} = config;
  const head = tieEmbedding ? 0 : vocabSize * D + vocabSize;
  return vocabSize * D + head + countStack(config, D);
}
