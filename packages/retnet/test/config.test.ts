import {ConfigError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, presets, type RetNetOptions, retnet} from '../src';
import {countParameters, resolveRetNetConfig} from '../src/config';

const options = fc.record<RetNetOptions>({
  vocabSize: fc.integer({min: 1, max: 20}),
  hiddenSize: fc.constantFrom(8, 16),
  valueSize: fc.constantFrom(8, 24),
  numLayers: fc.integer({min: 1, max: 3}),
  numHeads: fc.constantFrom(1, 2, 4),
  intermediateSize: fc.integer({min: 1, max: 12}),
  gated: fc.boolean(),
  normalization: fc.constantFrom('pre', 'deepnorm'),
  embeddingNorm: fc.boolean(),
  tieEmbedding: fc.boolean(),
});

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(options, (given) => {
        const model = retnet(given);
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

describe('presets', () => {
  it('are complete configurations of about the size in their names', () => {
    for (const [name, preset] of Object.entries(presets)) {
      const parameters = countParameters(resolveRetNetConfig(preset));
      const billions = name.match(/^([\d.]+)b$/i)?.[1];
      if (billions) expect(parameters / 1e9 / Number(billions), name).toBeGreaterThan(0.8);
      if (billions) expect(parameters / 1e9 / Number(billions), name).toBeLessThan(1.25);
    }
  });
});

describe('card.sized', () => {
  it('comes within 1 % of the wanted size, for bytes and for a large vocabulary', () => {
    for (const parameters of [3e4, 1e5, 1e6, 3e7, 1.3e9])
      expect(
        Math.abs(countParameters(card.sized({parameters, vocabSize: 256, maxSequenceLength: 64})) / parameters - 1),
      ).toBeLessThan(0.01);
    const config = card.sized({parameters: 1.3e8, vocabSize: 50257, maxSequenceLength: 1024});
    expect(Math.abs(countParameters(config) / 1.3e8 - 1)).toBeLessThan(0.01);
  });

  it('says what is wrong when nothing has that size', () => {
    expect(() => card.sized({parameters: 1000, vocabSize: 50257, maxSequenceLength: 64})).toThrow(ConfigError);
    expect(() => card.sized({parameters: 1000, vocabSize: 50257, maxSequenceLength: 64})).toThrow(
      /^retnet: no configuration has 1000 parameters within 1 %/,
    );
  });
});
