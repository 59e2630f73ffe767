import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, presets, type RoFormerMaskedOptions, roformer, roformerClassifier, roformerMasked} from '../src';
import {countClassifier, countMasked, countParameters, resolveRoFormerMaskedConfig} from '../src/config';

const options = fc
  .record({
    vocabSize: fc.integer({min: 1, max: 20}),
    headSize: fc.constantFrom(2, 4, 6),
    numHeads: fc.integer({min: 1, max: 3}),
    embeddingSize: fc.integer({min: 1, max: 12}),
    numLayers: fc.integer({min: 1, max: 2}),
    intermediateSize: fc.integer({min: 1, max: 12}),
    typeVocabSize: fc.integer({min: 1, max: 3}),
    norm: fc.constantFrom('layer', 'rms'),
    useBias: fc.boolean(),
  })
  .map(({headSize, embeddingSize, ...fields}): RoFormerMaskedOptions => {
    const hiddenSize = headSize * fields.numHeads;
    return {...fields, hiddenSize, embeddingSize: fields.norm === 'rms' ? hiddenSize : embeddingSize};
  });

describe('the number of parameters', () => {
  it('is what a model of each form has', () => {
    fc.assert(
      fc.property(options, fc.constantFrom(null, 'identity' as const), (given, pooler) => {
        const models = [
          roformer({...given, pooler}),
          roformerMasked(given),
          roformerClassifier({...given, numLabels: 5}),
        ] as const;
        const counted = [
          countParameters(models[0].config),
          countMasked(models[1].config),
          countClassifier(models[2].config),
        ];
        expect(counted).toEqual(models.map((model) => model.countParams()));
        for (const model of models) model.dispose();
      }),
      {numRuns: 20},
    );
  });
});

describe('presets', () => {
  it('have the shapes that the names of the official archives tell', () => {
    const archives = {
      'chinese-base': 'chinese_roformer_L-12_H-768_A-12',
      'chinese-small': 'chinese_roformer_L-6_H-384_A-6',
      'chinese-char-base': 'chinese_roformer-char_L-12_H-768_A-12',
      'chinese-char-small': 'chinese_roformer-char_L-6_H-384_A-6',
      'v2-chinese-char-small': 'chinese_roformer-v2-char_L-6_H-384_A-6',
      'v2-chinese-char-base': 'chinese_roformer-v2-char_L-12_H-768_A-12',
      'v2-chinese-char-large': 'chinese_roformer-v2-char_L-24_H-1024_A-16',
    } satisfies Record<keyof typeof presets, string>;
    for (const [name, archive] of Object.entries(archives)) {
      const config = resolveRoFormerMaskedConfig(presets[name as keyof typeof archives]);
      const {numLayers, hiddenSize, numHeads, norm, useBias, intermediateSize} = config;
      expect(archive).toMatch(new RegExp(`_L-${numLayers}_H-${hiddenSize}_A-${numHeads}$`));
      expect([norm, useBias]).toEqual(archive.includes('v2') ? ['rms', false] : ['layer', true]);
      expect(intermediateSize).toBe(4 * hiddenSize);
    }
  });
});

sizes(card, countParameters);

describe('a model', () => {
  it('has one name in its errors and as a tf.LayersModel, the causal one that of the package', () => {
    const small = {vocabSize: 3, hiddenSize: 4, numLayers: 1};
    const models = [roformer(small), roformerMasked(small), roformerClassifier(small)];
    expect(models.map(({name}) => name)).toEqual([card.name, 'roformer-masked', 'roformer-classifier']);
    for (const model of models) {
      expect(() => model.logits([[3]])).toThrow(`${model.name}: `);
      model.dispose();
    }
    for (const create of [roformer, roformerMasked, roformerClassifier])
      expect(() => create({vocabSize: 0})).toThrow(
        /^roformer.*: vocabSize is 0, but must be a whole number of at least 1$/,
      );
  });
});
