import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type AttentionSinksOptions, attentionSinks, card, presets} from '../src';
import {countParameters, resolveAttentionSinksConfig} from '../src/config';

const options = fc
  .record({
    family: fc.constantFrom('llama' as const, 'mpt' as const),
    vocabSize: fc.integer({min: 1, max: 20}),
    numHeads: fc.constantFrom(1, 2, 4),
    grouped: fc.boolean(),
    headSize: fc.constantFrom(2, 4),
    numLayers: fc.integer({min: 1, max: 3}),
    intermediateSize: fc.integer({min: 1, max: 12}),
    tieEmbedding: fc.boolean(),
    attentionBias: fc.boolean(),
    feedForwardBias: fc.boolean(),
    sinkLogit: fc.constantFrom('none' as const, 'learned' as const, 'zero' as const),
    sinkToken: fc.constantFrom(null, 0),
  })
  .map(
    ({grouped, ...given}): AttentionSinksOptions => ({
      ...given,
      hiddenSize: given.numHeads * given.headSize,
      numKeyValueHeads: grouped ? 1 : given.numHeads,
      normBias: given.family === 'mpt' && given.attentionBias,
    }),
  );

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(options, (given) => {
        const model = attentionSinks(given);
        try {
          expect(countParameters(model.config)).toBe(model.countParams());
        } finally {
          model.dispose();
        }
      }),
      {numRuns: 20},
    );
  });
});

describe('the size of the cache', () => {
  it.each<[Partial<AttentionSinksOptions>, numSinks: number, windowSize: number, maxSequenceLength: number | null]>([
    [{}, 4, 1020, 1024],
    [{maxSequenceLength: 256}, 4, 252, 256],
    [{maxSequenceLength: null}, 4, 1020, null],
    [{windowSize: 2044}, 4, 2044, 2048],
    [{numSinks: 1}, 1, 1023, 1024],
    [{numSinks: 0, windowSize: 3}, 0, 3, 3],
    [{sinkToken: 5}, 1, 1023, 1024],
    [{maxSequenceLength: 2}, 1, 1, 2],
    [{maxSequenceLength: 4096, windowSize: 60}, 4, 60, 4096],
  ])('of %o is %i + %i, of %s', (given, numSinks, windowSize, maxSequenceLength) => {
    expect(resolveAttentionSinksConfig({vocabSize: 8, ...given})).toMatchObject({
      numSinks,
      windowSize,
      maxSequenceLength,
    });
  });
});

describe('presets', () => {
  it.each<[keyof typeof presets, number]>([
    ['llama-2-7b', 6_738_415_616],
    ['llama-2-13b', 13_015_864_320],
    ['llama-2-70b', 68_976_648_192],
    ['mpt-7b', 6_649_286_656],
    ['mpt-30b', 29_957_200_896],
    ['stories15M', 15_191_712],
  ])('%s has the weights of the published file', (name, parameters) => {
    expect(countParameters(resolveAttentionSinksConfig(presets[name]))).toBe(parameters);
  });
});

sizes(card, countParameters);
