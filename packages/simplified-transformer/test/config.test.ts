import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {blocks, card, presets, simplifiedTransformer} from '../src';
import {countParameters, resolveSimplifiedTransformerConfig} from '../src/config';

const gain = fc.constantFrom(0, 0.5, 1);

const options = fc.record({
  form: fc.constantFrom(...Object.values(blocks)),
  shape: fc.record({
    vocabSize: fc.integer({min: 1, max: 20}),
    headSize: fc.integer({min: 1, max: 6}),
    numHeads: fc.integer({min: 1, max: 3}),
    numLayers: fc.integer({min: 1, max: 3}),
    intermediateSize: fc.integer({min: 1, max: 12}),
    maxSequenceLength: fc.integer({min: 1, max: 9}),
  }),
  others: fc.record(
    {
      valueGain: gain,
      firstValueGain: gain,
      valueSkipGain: gain,
      outputGain: gain,
      lastOutputGain: gain,
      outputSkipGain: gain,
      queryKeyNorm: fc.boolean(),
      norm: fc.constantFrom('rmsNorm' as const, 'layerNorm' as const, 'none' as const),
    },
    {requiredKeys: []},
  ),
});

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(options, ({form, shape: {headSize, ...shape}, others}) => {
        const hiddenSize = headSize * shape.numHeads;
        const model = simplifiedTransformer({...shape, hiddenSize, ...form, ...others});
        try {
          expect(countParameters(model.config)).toBe(model.countParams());
        } finally {
          model.dispose();
        }
      }),
      {numRuns: 40},
    );
  });
});

describe('presets', () => {
  // The paper's numbers for 18 blocks on CodeParrot, section 5, rounded to millions; its vocabulary is a little smaller or larger.
  it.each([
    ['pre-ln', 167],
    ['sas', 146],
  ] as const)('%s has the paper’s number of parameters', (name, millions) => {
    const count = countParameters(resolveSimplifiedTransformerConfig(presets[name]));
    expect(Math.abs(count / 1e6 / millions - 1)).toBeLessThan(0.01);
  });
});

describe('the feed-forward’s gain', () => {
  it('is the authors’ 0.1 at their depth, and falls as the root of the depth', () => {
    const gainOf = (numLayers: number) =>
      resolveSimplifiedTransformerConfig({vocabSize: 8, numLayers, ...blocks.sas}).feedForwardGain;
    expect(gainOf(18)).toBeCloseTo(0.1, 12);
    expect(gainOf(72)).toBeCloseTo(0.05, 12);
  });
});

sizes(card, countParameters);
