import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
  card,
  presets,
  type ReformerClassifierOptions,
  type ReformerOptions,
  reformer,
  reformerClassifier,
  reformerMasked,
} from '../src';
import {
  axialShapeOf,
  countClassifierParameters,
  countParameters,
  resolveReformerConfig,
  resolveReformerMaskedConfig,
} from '../src/config';
import {usualBuckets} from '../src/hashing';

const options = fc.record<ReformerOptions>({
  vocabSize: fc.integer({min: 1, max: 20}),
  hiddenSize: fc.integer({min: 1, max: 16}),
  numLayers: fc.integer({min: 1, max: 3}),
  attentionTypes: fc.constantFrom(['local', 'lsh'] as const, ['lsh'] as const, ['local'] as const),
  numHeads: fc.integer({min: 1, max: 3}),
  headSize: fc.integer({min: 1, max: 5}),
  intermediateSize: fc.integer({min: 1, max: 12}),
  maxSequenceLength: fc.integer({min: 1, max: 30}),
});

describe('countParameters', () => {
  it('counts what a model has, of each kind', () => {
    fc.assert(
      fc.property(options, (given) => {
        const classifierOptions: ReformerClassifierOptions = {...given, numLabels: 3};
        const models = [reformer(given), reformerMasked(given)];
        const classifier = reformerClassifier(classifierOptions);
        try {
          for (const model of models) expect(countParameters(model.config)).toBe(model.countParams());
          expect(countClassifierParameters(classifier.config)).toBe(classifier.countParams());
        } finally {
          for (const model of [...models, classifier]) model.dispose();
        }
      }),
      {numRuns: 15},
    );
  });
});

describe('what is not given', () => {
  it('follows from what is', () => {
    const config = resolveReformerConfig({vocabSize: 9, hiddenSize: 32, attentionTypes: ['lsh', 'local', 'lsh']});
    expect(config).toMatchObject({
      numLayers: 3,
      headSize: 8,
      maxSequenceLength: 4096,
      axialShape: [64, 64],
      axialSizes: [8, 24],
    });
    expect(config.numBuckets).toBe(128);
    expect(resolveReformerConfig({vocabSize: 9, numLayers: 5}).attentionTypes).toEqual([
      'local',
      'lsh',
      'local',
      'lsh',
      'local',
    ]);
    expect(resolveReformerConfig({vocabSize: 9, axialShape: [3, 5]}).maxSequenceLength).toBe(15);
    expect(resolveReformerConfig({vocabSize: 9, positions: 'learned'})).toMatchObject({
      axialShape: null,
      axialSizes: null,
    });
    expect(resolveReformerMaskedConfig({vocabSize: 9})).toMatchObject({localChunksAfter: 1, lshChunksAfter: 1});
  });

  it('has two factors as near as can be', () => {
    expect([1, 7, 12, 64, 65536].map(axialShapeOf)).toEqual([
      [1, 1],
      [1, 7],
      [3, 4],
      [8, 8],
      [256, 256],
    ]);
  });

  // As the authors' code has it.
  it.each([
    [4096, 64, 4096, 128],
    [65536, 64, 65536, [32, 64]],
    [524288, 64, 524288, [128, 128]],
    [12, 4, 64, 4],
  ])('are, for %i positions in chunks of %i, of at most %i, %j buckets', (time, chunkLength, longest, buckets) => {
    expect(usualBuckets(time, chunkLength, longest)).toEqual(buckets);
  });
});

describe('presets', () => {
  it.each([
    ['crime-and-punishment', 2_694_976],
    ['enwik8', 149_000_000],
  ] as const)('%s has about %i weights', (name, count) => {
    const ratio = countParameters(resolveReformerConfig(presets[name])) / count;
    expect(ratio).toBeGreaterThan(0.95);
    expect(ratio).toBeLessThan(1.05);
  });
});

sizes(card, countParameters);
