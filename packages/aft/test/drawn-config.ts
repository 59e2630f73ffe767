import fc from 'fast-check';
import type {AftOptions} from '../src';

/** Sizes of a small model. */
export const sizes = fc.record({
  hiddenSize: fc.constantFrom(8, 16),
  mixerSize: fc.constantFrom(8, 12),
  numLayers: fc.integer({min: 1, max: 2}),
  intermediateSize: fc.integer({min: 1, max: 12}),
  useBias: fc.boolean(),
});

/** A variant with its own fields. */
export const mixers = fc.constantFrom<Partial<AftOptions>>(
  {variant: 'simple'},
  {variant: 'full', factorSize: 0},
  {variant: 'full', factorSize: 2},
  {variant: 'local', windowSize: 3},
  {variant: 'conv', numHeads: 2, kernelSize: 3},
);
