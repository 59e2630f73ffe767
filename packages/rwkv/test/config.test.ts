import {ConfigError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, presets, type RwkvOptions, rwkv} from '../src';
import {countParameters, resolveRwkvConfig} from '../src/config';

const sizes = fc.record({
  vocabSize: fc.integer({min: 1, max: 20}),
  hiddenSize: fc.constantFrom(8, 16),
  attentionSize: fc.constantFrom(8, 24),
  numLayers: fc.integer({min: 1, max: 3}),
  intermediateSize: fc.integer({min: 1, max: 12}),
});
const heads = {numHeads: fc.constantFrom(1, 4)};
const rank = fc.integer({min: 1, max: 5});
const options: fc.Arbitrary<RwkvOptions> = fc
  .tuple(
    sizes,
    fc.oneof(
      fc.record({version: fc.constant(4 as const)}),
      fc.record({version: fc.constant(5 as const), ...heads}),
      fc.record({
        ...{version: fc.constant(6 as const), ...heads},
        ...{mixRank: rank, decayRank: rank, initialState: fc.boolean()},
      }),
      fc.record({
        ...{version: fc.constant(7 as const), ...heads},
        ...{decayRank: rank, learningRateRank: rank, valueRank: rank, gateRank: rank},
      }),
    ),
  )
  .map(([size, ofVersion]) => ({...size, ...ofVersion}));

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(options, (given) => {
        const model = rwkv(given);
        try {
          expect(countParameters(model.config)).toBe(model.countParams());
        } finally {
          model.dispose();
        }
      }),
      {numRuns: 30},
    );
  });
});

describe('presets', () => {
  it('have the published numbers of parameters', () => {
    const published = {
      '4-169M': 1.693e8,
      '4-430M': 4.304e8,
      '4-1.5B': 1.515e9,
      '4-3B': 2.985e9,
      '4-7B': 7.393e9,
      '4-14B': 1.415e10,
      '5-0.4B': 0.46e9,
      '5-1.5B': 1.58e9,
      '5-3B': 3.06e9,
      '5-7B': 7.52e9,
      '6-1.6B': 1.6e9,
      '6-3B': 3.1e9,
      '7-0.1B': 1.91e8,
      '7-0.4B': 4.51e8,
      '7-1.5B': 1.53e9,
      '7-2.9B': 2.95e9,
    };
    expect(Object.keys(presets)).toEqual(Object.keys(published));
    for (const [name, parameters] of Object.entries(published)) {
      const counted = countParameters(resolveRwkvConfig(presets[name as keyof typeof presets]));
      expect(Math.abs(counted / parameters - 1), `${name} has ${counted}`).toBeLessThan(0.006);
    }
  });
});

describe('card.sized', () => {
  it('comes within 1 % of the wanted size, for bytes and for a large vocabulary', () => {
    for (const parameters of [1e5, 1e6, 3e7, 1.3e9]) {
      const config = card.sized({parameters, vocabSize: 256, maxSequenceLength: 64});
      expect(Math.abs(countParameters(config) / parameters - 1)).toBeLessThan(0.01);
    }
    const config = card.sized({parameters: 1.3e8, vocabSize: 50277, maxSequenceLength: 1024});
    expect(Math.abs(countParameters(config) / 1.3e8 - 1)).toBeLessThan(0.01);
  });

  it('says what is wrong when nothing has that size', () => {
    const sized = () => card.sized({parameters: 1000, vocabSize: 50277, maxSequenceLength: 64});
    expect(sized).toThrow(ConfigError);
    expect(sized).toThrow(/^rwkv: no configuration has 1000 parameters within 1 %/);
  });
});
