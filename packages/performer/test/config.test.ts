import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
  card,
  type PerformerOptions,
  type PerformerStackFields,
  performer,
  performerEncoderDecoder,
  performerMasked,
  presets,
} from '../src';
import {resolvePerformerConfig} from '../src/config';
import {countParameters} from '../src/count';
import {countEncoderDecoderParameters} from '../src/seq2seq/config';

/** Every field of a stack that the number of weights depends on. */
const stacks: fc.Arbitrary<Partial<PerformerStackFields>> = fc.record({
  numLayers: fc.integer({min: 1, max: 2}),
  numHeads: fc.constantFrom(1, 2),
  headSize: fc.constantFrom(2, 4),
  numFeatures: fc.integer({min: 1, max: 7}),
  features: fc.constantFrom('softmax', 'relu', 'none'),
  localHeads: fc.constantFrom(0, 1),
  intermediateSize: fc.integer({min: 1, max: 9}),
  positions: fc.constantFrom('rotary', 'learned', 'axial'),
  maxSequenceLength: fc.integer({min: 1, max: 80}),
  norm: fc.constantFrom('layer', 'scale', 'rezero'),
  gated: fc.boolean(),
  useBias: fc.boolean(),
  useOutputBias: fc.boolean(),
});
const vocabularies = fc.record({
  vocabSize: fc.integer({min: 1, max: 9}),
  hiddenSize: fc.constantFrom(4, 6),
  tieEmbedding: fc.boolean(),
});

describe('countParameters', () => {
  it('counts what a model has, causal or not', () => {
    fc.assert(
      fc.property(stacks, vocabularies, (stack, given) => {
        for (const model of [performer({...stack, ...given}), performerMasked({...stack, ...given})]) {
          expect(countParameters(model.config)).toBe(model.countParams());
          model.dispose();
        }
      }),
      {numRuns: 15},
    );
  });

  it('counts what an encoder-decoder has', () => {
    fc.assert(
      fc.property(stacks, stacks, vocabularies, fc.boolean(), (encoder, decoder, given, shareEmbeddings) => {
        const {vocabSize: sourceVocabSize, hiddenSize, tieEmbedding} = given;
        const sizes = {sourceVocabSize, hiddenSize, tieEmbedding, shareEmbeddings};
        const model = performerEncoderDecoder({...sizes, encoder, decoder});
        expect(countEncoderDecoderParameters(model.config)).toBe(model.countParams());
        model.dispose();
      }),
      {numRuns: 10},
    );
  });
});

describe('defaults', () => {
  const of = (more: Partial<PerformerOptions>) => resolvePerformerConfig({vocabSize: 5, ...more});

  it('are int(d ln d) features of a head, as many heads as have 64 features, no limit of positions', () => {
    expect(of({hiddenSize: 256})).toMatchObject({numHeads: 4, headSize: 64, numFeatures: 266, maxSequenceLength: null});
    expect(of({hiddenSize: 16, numHeads: 2}).numFeatures).toBe(16);
    expect(of({hiddenSize: 2, numHeads: 2, headSize: 1, positions: 'learned'}).numFeatures).toBe(1);
  });

  it('are rows of 64 for axial positions, and 1,024 positions where they are tables', () => {
    expect(of({positions: 'axial'})).toMatchObject({axialShape: [16, 64], maxSequenceLength: 1024});
    expect(of({positions: 'axial', maxSequenceLength: 65}).axialShape).toEqual([2, 64]);
    expect(of({redrawInterval: null}).redrawInterval).toBeNull();
  });
});

describe('presets', () => {
  it.each(Object.entries(presets))('%s is a configuration', (_, preset) => {
    expect(countParameters(resolvePerformerConfig(preset))).toBeGreaterThan(1e6);
  });
});

sizes(card, countParameters);
