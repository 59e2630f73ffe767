import {ConfigError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, presets, type TemplateNameOptions, templateName} from '../src';
import {countParameters, resolveTemplateNameConfig} from '../src/config';

// REPLACE: every field that the number of weights depends on.
const options = fc.record<TemplateNameOptions>({
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
        const model = templateName(given);
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
      const parameters = countParameters(resolveTemplateNameConfig(preset));
      const [, size, unit] = name.match(/^([\d.]+)([MB])$/) ?? [];
      if (!size) continue;
      const named = Number(size) * (unit === 'B' ? 1e9 : 1e6);
      expect(parameters / named, name).toBeGreaterThan(0.8);
      expect(parameters / named, name).toBeLessThan(1.25);
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
    const tiny = () => card.sized({parameters: 1000, vocabSize: 50257, maxSequenceLength: 64});
    expect(tiny).toThrow(ConfigError);
    expect(tiny).toThrow(/^template-name: no configuration has 1000 parameters within 1 %/);
  });
});
