import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, type LongNetEncoderOptions, longnet, longnetEncoder, ops, presets} from '../src';
import {countParameters, resolveLongNetConfig} from '../src/config';

const options = fc
  .record({
    vocabSize: fc.integer({min: 1, max: 20}),
    numHeads: fc.integer({min: 1, max: 3}),
    headSize: fc.integer({min: 1, max: 3}),
    numLayers: fc.integer({min: 1, max: 3}),
    intermediateSize: fc.integer({min: 1, max: 12}),
    tieEmbedding: fc.boolean(),
    learnedPositions: fc.option(fc.integer({min: 1, max: 9})),
    normalization: fc.constantFrom('pre' as const, 'deepnorm' as const),
    hasSubLayerNorm: fc.boolean(),
    embeddingNorm: fc.boolean(),
  })
  .map(
    ({headSize, hasSubLayerNorm, ...given}): LongNetEncoderOptions => ({
      ...given,
      hiddenSize: 2 * headSize * given.numHeads,
      subLayerNorm: hasSubLayerNorm && given.normalization === 'pre',
    }),
  );

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(options, fc.boolean(), (given, hasOutputNorm) => {
        const outputNorm = hasOutputNorm && given.normalization === 'pre';
        for (const model of [longnet(given), longnetEncoder({...given, outputNorm})])
          try {
            expect(countParameters(model.config)).toBe(model.countParams());
          } finally {
            model.dispose();
          }
      }),
      {numRuns: 15},
    );
  });
});

describe('patterns', () => {
  it('grow geometrically', () => {
    expect(ops.geometricPatterns({segmentLength: 64, growth: 4, count: 3})).toEqual({
      segmentLengths: [64, 256, 1024],
      dilations: [1, 4, 16],
    });
    const {segmentLengths, dilations} = resolveLongNetConfig({vocabSize: 1});
    expect({segmentLengths, dilations}).toEqual(ops.geometricPatterns());
  });

  it('reach further in each layer, the last of which has all', () => {
    expect(ops.patternsOverLayers({segmentLengths: [2, 4, 8], dilations: [1, 2, 4]}, 2)).toEqual({
      segmentLengths: [
        [2, 4],
        [2, 4, 8],
      ],
      dilations: [
        [1, 2],
        [1, 2, 4],
      ],
    });
  });
});

describe('presets', () => {
  it.each(Object.entries(presets))('%s is of about the size in its name, embeddings aside', (name, preset) => {
    const unit = {M: 1e6, B: 1e9}[name.slice(-1)] ?? Number.NaN;
    const inBlocks = countParameters(resolveLongNetConfig(preset)) - preset.vocabSize * preset.hiddenSize;
    const ratio = inBlocks / (Number.parseFloat(name) * unit);
    expect(ratio).toBeGreaterThan(0.65);
    expect(ratio).toBeLessThan(1.25);
  });
});

sizes(card, countParameters);
