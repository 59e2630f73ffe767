import {ConfigError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, transformer} from '../src';
import {countParameters} from '../src/config';

describe('card.sized', () => {
  it('is within 1 % of any usual size', () => {
    const millions = fc.double({min: 0.1, max: 2000, noNaN: true});
    fc.assert(
      fc.property(millions, (size) => {
        const parameters = Math.round(size * 1e6);
        const config = card.sized({parameters, vocabSize: 256, maxSequenceLength: 128});
        expect(Math.abs(countParameters(config) - parameters)).toBeLessThanOrEqual(0.01 * parameters);
        expect(config).toMatchObject({vocabSize: 256, maxSequenceLength: 128});
      }),
      {numRuns: 20},
    );
  });

  it('is what the model then has', () => {
    const model = transformer(card.sized({parameters: 50_000, vocabSize: 64, maxSequenceLength: 16}));
    expect(Math.abs(model.countParams() - 50_000)).toBeLessThanOrEqual(500);
    model.dispose();
  });

  it('says so where there is none', () => {
    expect(() => card.sized({parameters: 1000, vocabSize: 50257, maxSequenceLength: 16})).toThrow(ConfigError);
  });
});
