import {blockShape} from './block-diagonal-linear';

/** What the number of a mixer's weights depends on. */
export interface MixerSizes {
  hiddenSize: number;
  /** Positions that filters are made for. */
  filterLength: number;
  positionSize: number;
  filterSize: number;
  bidirectional: boolean;
  residualConvolution: boolean;
  basisBlock: number | null;
}

/** The weights of a `SequenceMixer`, without a norm. */
export function mixerParameters(sizes: MixerSizes): number {
  const {hiddenSize: D, residualConvolution} = sizes;
  const projections = 4 * (D * D + D);
  const short = (3 + 1) * 3 * D;
  return projections + short + (residualConvolution ? 2 : 1) * convolutionParameters(sizes);
}

function convolutionParameters(sizes: MixerSizes): number {
  const {hiddenSize: D, filterLength: N, positionSize: E, filterSize: F, basisBlock: m, bidirectional} = sizes;
  const network = E * F + F + 2 * (F * F + F) + F * D;
  const basis = m === null ? 0 : m * m + N * (N / m);
  // Besides, positions, frequencies, decays and the skip term.
  return (bidirectional ? 2 : 1) * network + N * E + F + 2 * D + basis;
}

/** What the number of a feed-forward's weights depends on. */
export interface FeedForwardSizes {
  hiddenSize: number;
  intermediateSize: number;
  numBlocks: number;
  gated: boolean;
}

/** The weights of a `MonarchFeedForward`. */
export function feedForwardParameters({
  hiddenSize: D,
  intermediateSize: I,
  numBlocks,
  gated,
}: FeedForwardSizes): number {
  const matrix = (units: number, inputs: number) => {
    const [outputs, read] = blockShape(units, inputs, numBlocks);
    return numBlocks * outputs * read;
  };
  return matrix(gated ? 2 * I : I, D) + matrix(D, I) + D;
}
