import fc from 'fast-check';
import type {MegabyteOptions, MegabytePaperOptions} from '../src';

const small = (most: number, least = 1) => fc.integer({min: least, max: most});

/** Any small MegaByte of two or three stages. */
export const anyOptions: fc.Arbitrary<MegabyteOptions> = small(3, 2).chain((stages) => {
  const each = (most: number, least = 1) => fc.array(small(most, least), {minLength: stages, maxLength: stages});
  return fc.record({
    vocabSize: small(20),
    stageLengths: each(4),
    hiddenSizes: each(9, 2),
    numLayers: each(2),
    intermediateSizes: each(12),
    numHeads: small(3),
    headSize: small(3).map((pairs) => 2 * pairs),
    rotary: fc.boolean(),
    learnedPositions: fc.boolean(),
    padToken: fc.constantFrom(null, 0),
  });
});

/** Any small MegaByte of the paper's form. */
export const anyPaperOptions: fc.Arbitrary<MegabytePaperOptions> = fc
  .record({patchSize: small(4), patches: small(4), heads: small(2), features: small(4), localHeads: small(3)})
  .chain(({patchSize, patches, heads, features, localHeads}) =>
    fc.record({
      vocabSize: small(20),
      patchSize: fc.constant(patchSize),
      maxSequenceLength: fc.constant(patchSize * patches),
      globalSize: fc.constant(heads * features),
      numGlobalLayers: small(2),
      numGlobalHeads: fc.constant(heads),
      globalIntermediateSize: small(12),
      localSize: small(4).map((size) => size * localHeads),
      numLocalLayers: small(2),
      numLocalHeads: fc.constant(localHeads),
      localIntermediateSize: small(12),
      padToken: fc.constantFrom(null, 0),
    }),
  );
