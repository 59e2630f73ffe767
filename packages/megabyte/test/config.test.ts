import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, megabyte, megabytePaper, paperPresets} from '../src';
import {countParameters, resolveMegabyteConfig} from '../src/config';
import {countPaperParameters, resolvePaperConfig} from '../src/paper/config';
import {anyOptions, anyPaperOptions} from './any-options';

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(anyOptions, anyPaperOptions, (given, paper) => {
        const models = [megabyte(given), megabytePaper(paper)] as const;
        try {
          expect(countParameters(models[0].config)).toBe(models[0].countParams());
          expect(countPaperParameters(models[1].config)).toBe(models[1].countParams());
        } finally {
          for (const model of models) model.dispose();
        }
      }),
      {numRuns: 20},
    );
  });
});

describe('defaults', () => {
  it('follow from the widths that are given', () => {
    const {intermediateSizes} = resolveMegabyteConfig({vocabSize: 8, hiddenSizes: [10, 6]});
    expect(intermediateSizes).toEqual([40, 24]);
    const paper = resolvePaperConfig({vocabSize: 8, patchSize: 4, globalSize: 8, localSize: 12});
    expect([paper.globalIntermediateSize, paper.localIntermediateSize]).toEqual([128, 48]);
  });
});

describe('presets of the paper', () => {
  it.each(Object.entries(paperPresets))('%s is of about the sizes in its name', (name, preset) => {
    const unit = (text: string) => Number.parseFloat(text) * ({M: 1e6, B: 1e9}[text.slice(-1)] ?? Number.NaN);
    const wanted = name.split('+').reduce((sum, part) => sum + unit(part), 0);
    const ratio = countPaperParameters(resolvePaperConfig(preset)) / wanted;
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });
});

describe('card', () => {
  it.each([
    [64, 4],
    [256, 4],
    [512, 8],
    [1000, 8],
    [4096, 16],
    [16384, 16],
    [32768, 32],
  ])('for sequences of %i chooses patches of %i, and sees all of them', (maxSequenceLength, patch) => {
    const {stageLengths} = card.sized({parameters: 1e5, vocabSize: 256, maxSequenceLength});
    expect(stageLengths[1]).toBe(patch);
    expect(stageLengths[0]).toBe(Math.ceil(maxSequenceLength / patch));
  });
});

sizes(card, countParameters);
