import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ConfigError} from '../../src/errors';
import {type ModelShape, type Proportions, sizeTo} from '../../src/models/size-to';

/** An embedding, and blocks with four square matrices and a feed-forward of two. */
const architecture = (vocabSize: number, feedForwardRatio = 4): Proportions<ModelShape> => ({
  configure: (shape) => shape,
  countParameters: ({numLayers, hiddenSize: D, intermediateSize: F}) =>
    vocabSize * D + numLayers * (4 * D * D + 2 * D * F),
  feedForwardRatio,
});

describe('sizeTo', () => {
  it('comes within 1 % of what is wanted, in usual proportions', () => {
    fc.assert(
      fc.property(fc.double({min: 4.7, max: 9.3, noNaN: true}), fc.constantFrom(2, 8 / 3, 4), (exponent, ratio) => {
        const wanted = Math.round(10 ** exponent);
        const proportions = architecture(256, ratio);
        const shape = sizeTo('test', wanted, proportions);
        expect(Math.abs(proportions.countParameters(shape) - wanted)).toBeLessThanOrEqual(0.01 * wanted);
        const {hiddenSize, numHeads, intermediateSize} = shape;
        expect(hiddenSize % numHeads).toBe(0);
        expect((hiddenSize / numHeads) % 2).toBe(0);
        expect(intermediateSize % 8).toBe(0);
        expect(intermediateSize / hiddenSize / ratio).toBeGreaterThanOrEqual(0.5);
        expect(intermediateSize / hiddenSize / ratio).toBeLessThanOrEqual(2);
      }),
      {numRuns: 50},
    );
  });

  it('takes any width of feed-forward where multiples of 8 are too coarse', () => {
    const proportions = {
      ...architecture(0, 1),
      countParameters: ({numLayers, intermediateSize}: ModelShape) => 1000 * numLayers * intermediateSize,
    };
    expect(sizeTo('test', 34_000, proportions)).toMatchObject({numLayers: 2, intermediateSize: 17});
  });

  it('grows in depth and width', () => {
    const [small, large] = [1e5, 1e9].map((wanted) => sizeTo('test', wanted, architecture(256)));
    expect(large.numLayers).toBeGreaterThan(small.numLayers);
    expect(large.hiddenSize).toBeGreaterThan(small.hiddenSize);
    expect(large.hiddenSize / large.numHeads).toBe(64);
  });

  it('says which size is closest where none fits, or what would help', () => {
    const coarse: Proportions<ModelShape> = {
      ...architecture(256, 0.5),
      countParameters: ({numLayers, intermediateSize}) => 1e6 * numLayers * intermediateSize,
    };
    expect(() => sizeTo('test', 50_000, architecture(50257))).toThrow(ConfigError);
    expect(() => sizeTo('test', 50_000, architecture(50257))).toThrow(
      'test: no configuration has 50000 parameters within 1 %; a smaller vocabulary or more parameters would do',
    );
    expect(() => sizeTo('test', 13e6, coarse)).toThrow(
      'test: no configuration has 13000000 parameters within 1 %; the closest has 14000000',
    );
  });
});
