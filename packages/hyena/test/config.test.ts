import {ConfigError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, type HyenaOptions, hyena, hyenaClassifier, presets} from '../src';
import {countClassifierParameters, countParameters, resolveHyenaConfig} from '../src/config';

const options: fc.Arbitrary<HyenaOptions> = fc
  .record({
    vocabSize: fc.integer({min: 1, max: 20}),
    hiddenSize: fc.constantFrom(4, 8),
    numLayers: fc.integer({min: 1, max: 2}),
    intermediateSize: fc.integer({min: 1, max: 9}),
    maxSequenceLength: fc.integer({min: 1, max: 9}),
    order: fc.integer({min: 2, max: 3}),
    numHeads: fc.constantFrom(1, 2),
    shortFilterSize: fc.integer({min: 1, max: 4}),
    filterSize: fc.integer({min: 1, max: 5}),
    positionSize: fc.constantFrom(3, 5),
    numInnerLayers: fc.integer({min: 0, max: 2}),
    headMixing: fc.boolean(),
    maxPositions: fc.constantFrom(0, 6),
    tieEmbedding: fc.boolean(),
    withAttention: fc.boolean(),
  })
  .map(({withAttention, ...rest}) => ({...rest, attentionLayers: withAttention ? [0] : []}));

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(options, (given) => {
        const model = hyena(given);
        expect(countParameters(model.config)).toBe(model.countParams());
        model.dispose();
      }),
      {numRuns: 25},
    );
  });

  it('counts what a classifier has', () => {
    for (const pooling of ['mean', 'before-padding'] as const) {
      const model = hyenaClassifier({vocabSize: 5, hiddenSize: 4, numLayers: 1, numLabels: 3, filterSize: 2, pooling});
      expect(countClassifierParameters(model.config)).toBe(model.countParams());
      model.dispose();
    }
  });
});

describe('presets', () => {
  it('have the sizes that they are named after', () => {
    const counted = countParameters(resolveHyenaConfig(presets['pile-153M']));
    expect(Math.abs(counted / 153e6 - 1), `${counted}`).toBeLessThan(0.02);
    for (const [name, preset] of Object.entries(presets)) expect(() => resolveHyenaConfig(preset), name).not.toThrow();
  });
});

describe('card.sized', () => {
  it('comes within 1 % of the wanted size, for bytes and for a large vocabulary', () => {
    for (const parameters of [1e5, 1e6, 3e7]) {
      const config = card.sized({parameters, vocabSize: 256, maxSequenceLength: 512});
      expect(config.maxSequenceLength).toBe(512);
      expect(Math.abs(countParameters(config) / parameters - 1)).toBeLessThan(0.01);
    }
    const config = card.sized({parameters: 1.5e8, vocabSize: 50264, maxSequenceLength: 2048});
    expect(Math.abs(countParameters(config) / 1.5e8 - 1)).toBeLessThan(0.01);
  });

  it('says what is wrong when nothing has that size', () => {
    const sized = () => card.sized({parameters: 1000, vocabSize: 50257, maxSequenceLength: 64});
    expect(sized).toThrow(ConfigError);
    expect(sized).toThrow(/^hyena: no configuration has 1000 parameters within 1 %/);
  });
});
