import type {VariantModel} from '@variants/core';
import type {Batch} from '../data/batch-source';

/** What a model reads as it works through an example: tokens, or the example itself where it takes no tokens. */
export type PositionUnit = 'tokens' | 'examples';

/** The unit in which the work on a batch is counted. */
export function positionUnit({kind}: VariantModel): PositionUnit {
  return kind === 'image-classifier' || kind === 'speech-recognizer' ? 'examples' : 'tokens';
}

/** Positions of a batch, padding included: rows times time, of several inputs the sum, or rows. */
export function countPositions({inputs, targets}: Batch, unit: PositionUnit): number {
  return unit === 'examples' ? targets.shape[0] : [inputs].flat().reduce((sum, {size}) => sum + size, 0);
}
