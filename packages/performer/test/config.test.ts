import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, type PerformerOptions, performer, presets} from '../src';
import {countParameters, resolvePerformerConfig} from '../src/config';

// REPLACE: every field that the number of weights depends on.
const options = fc.record<PerformerOptions>({
  vocabSize: fc.integer({min: 1, max: 20}),
  hiddenSize: fc.integer({min: 1, max: 16}),
  valueSize: fc.integer({min: 1, max: 24}),
  numLayers: fc.integer({min: 1, max: 3}),
  intermediateSize: fc.integer({min: 1, max: 12}),
  tieEmbedding: fc.boolean(),
});

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(options, (given) => {
        const model = performer(given);
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
  it.each(Object.entries(presets))('%s is of about the size in its name', (name, preset) => {
    const unit = {M: 1e6, B: 1e9}[name.slice(-1)] ?? Number.NaN;
    const ratio = countParameters(resolvePerformerConfig(preset)) / (Number.parseFloat(name) * unit);
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });
});

sizes(card, countParameters);
