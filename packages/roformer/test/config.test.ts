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
  it('have the published numbers of parameters', () => {
    // As the authors and JunnYu give them, in millions.
    const published = {'chinese-base': 124, 'chinese-small': 30};
    for (const [name, millions] of Object.entries(published)) {
      const counted = countMasked(resolveRoFormerMaskedConfig(presets[name as keyof typeof published]));
      expect(Math.abs(counted / (millions * 1e6) - 1), `${name} has ${counted}`).toBeLessThan(0.02);
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
