import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {aft, card, presets} from '../src';
import {countParameters, resolveAftConfig} from '../src/config';
import {mixers, sizes} from './drawn-config';

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(sizes, mixers, fc.boolean(), (size, mixer, tieEmbedding) => {
        const model = aft({
          vocabSize: 7,
          maxSequenceLength: tieEmbedding && mixer.variant === 'conv' ? 0 : 9,
          ...size,
          ...mixer,
          tieEmbedding,
        });
        expect(countParameters(model.config)).toBe(model.countParams());
        model.dispose();
      }),
      {numRuns: 20},
    );
  });
});

describe('presets', () => {
  it('are complete configurations', () => {
    for (const preset of Object.values(presets)) expect(countParameters(resolveAftConfig(preset))).toBeGreaterThan(1e7);
  });
});

describe('card.sized', () => {
  it('comes within 1 % of the wanted size, for bytes and for a large vocabulary', () => {
    for (const parameters of [2e4, 1e5, 1e6, 3e7])
      expect(
        Math.abs(countParameters(card.sized({parameters, vocabSize: 256, maxSequenceLength: 64})) / parameters - 1),
      ).toBeLessThan(0.01);
    const config = card.sized({parameters: 1.3e8, vocabSize: 50257, maxSequenceLength: 1024});
    expect(Math.abs(countParameters(config) / 1.3e8 - 1)).toBeLessThan(0.01);
  });
});
