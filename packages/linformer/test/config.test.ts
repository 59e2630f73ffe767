import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, type LinformerOptions, linformer, linformerClassifier, presets} from '../src';
import {resolveLinformerConfig} from '../src/config';
import {countClassifier, countParameters} from '../src/count';

const options = fc
  .record({
    vocabSize: fc.integer({min: 2, max: 20}),
    head: fc.constantFrom('bert', 'linear'),
    tieEmbedding: fc.boolean(),
    headSize: fc.integer({min: 1, max: 5}),
    numHeads: fc.constantFrom(2, 4),
    numKeyValueHeads: fc.constantFrom(1, 2),
    hiddenSize: fc.constantFrom(4, 8),
    embeddingSize: fc.constantFrom(4, 6, 8),
    numLayers: fc.integer({min: 1, max: 3}),
    intermediateSize: fc.integer({min: 1, max: 12}),
    maxSequenceLength: fc.integer({min: 7, max: 12}),
    compressedLength: fc.integer({min: 1, max: 7}),
    compressedLengthStep: fc.integer({min: 0, max: 2}),
    sharing: fc.constantFrom('none', 'headwise', 'kv', 'layerwise'),
    compression: fc.constantFrom('linear', 'convolution', 'mean', 'max'),
    compressionBias: fc.constantFrom('none', 'added'),
    valuesAreKeys: fc.boolean(),
    useBias: fc.boolean(),
    positions: fc.constantFrom('learned', 'sinusoidal'),
    positionOffset: fc.integer({min: 0, max: 2}),
    embeddingNorm: fc.boolean(),
    normalization: fc.constantFrom('pre', 'post'),
    finalNorm: fc.boolean(),
    reversible: fc.boolean(),
  })
  .map(
    (given): LinformerOptions => ({
      ...given,
      tieEmbedding: given.tieEmbedding && given.head === 'bert',
      compressedLengthStep: given.sharing === 'layerwise' ? 0 : given.compressedLengthStep,
      compressionBias: given.compression === 'mean' || given.compression === 'max' ? 'none' : given.compressionBias,
      normalization: given.reversible ? 'pre' : given.normalization,
    }),
  );

describe('the number of parameters', () => {
  it('is what a model of each form has', () => {
    fc.assert(
      fc.property(options, fc.boolean(), (given, tokenHead) => {
        const models = [linformer(given), linformerClassifier({...given, numLabels: 5, tokenHead})] as const;
        const counted = [countParameters(models[0].config), countClassifier(models[1].config)];
        expect(counted).toEqual(models.map((model) => model.countParams()));
        for (const model of models) model.dispose();
      }),
      {numRuns: 40},
    );
  });
});

describe('defaults', () => {
  it("have the paper's slots: a quarter of the positions, 256 at most, one at least", () => {
    const slots = (maxSequenceLength: number) =>
      resolveLinformerConfig({vocabSize: 5, maxSequenceLength}).compressedLength;
    expect([1, 3, 64, 512, 1024, 65536].map(slots)).toEqual([1, 1, 16, 128, 256, 256]);
  });
});

describe('presets', () => {
  it("are fairseq's", () => {
    const {base, large} = presets;
    expect(countParameters(resolveLinformerConfig(base))).toBeGreaterThan(120e6);
    expect(countParameters(resolveLinformerConfig(base))).toBeLessThan(130e6);
    expect(countParameters(resolveLinformerConfig(large))).toBeGreaterThan(350e6);
    expect(countParameters(resolveLinformerConfig(large))).toBeLessThan(365e6);
  });
});

sizes(card, countParameters);
