import {sizes} from '@variants-tooling/conformance';
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

sizes(card, countParameters);
