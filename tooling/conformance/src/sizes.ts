import {type ArchitectureCard, ConfigError} from '@variants/core';
import {describe, expect, it} from 'vitest';

/** Registers tests of `card.sized` of a language model: the size is the wanted one, or there is an error that says why not. */
export function sizes<Config>(card: ArchitectureCard<Config>, countParameters: (config: Config) => number): void {
  describe('card.sized', () => {
    it('comes within 1 % of the wanted size, for bytes and for a large vocabulary', () => {
      const missedBy = (parameters: number, vocabSize: number, maxSequenceLength: number) =>
        Math.abs(countParameters(card.sized({parameters, vocabSize, maxSequenceLength})) / parameters - 1);
      for (const parameters of [3e4, 1e5, 1e6, 3e7, 1.3e9]) expect(missedBy(parameters, 256, 64)).toBeLessThan(0.01);
      expect(missedBy(1.3e8, 50257, 1024)).toBeLessThan(0.01);
    });

    it('says what is wrong when nothing has that size', () => {
      const sized = () => card.sized({parameters: 1000, vocabSize: 50257, maxSequenceLength: 64});
      expect(sized).toThrow(ConfigError);
      expect(sized).toThrow(new RegExp(`^${card.name}: no configuration has 1000 parameters within 1 %`));
    });
  });
}
