import {ConfigError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, m2Bert, m2BertClassifier, m2BertPresets, monarchMixer, presets} from '../src';
import {countParameters, resolveMonarchMixerConfig} from '../src/config';
import {countM2BertParameters, resolveM2BertConfig} from '../src/m2-bert/config';

const parts = {
  vocabSize: fc.integer({min: 1, max: 20}),
  hiddenSize: fc.integer({min: 1, max: 9}),
  numLayers: fc.integer({min: 1, max: 2}),
  intermediateSize: fc.integer({min: 1, max: 12}),
  numBlocks: fc.integer({min: 1, max: 4}),
  gated: fc.boolean(),
  residualConvolution: fc.boolean(),
  positionSize: fc.constantFrom(3, 5),
  filterSize: fc.integer({min: 1, max: 5}),
  maxSequenceLength: fc.constantFrom(6, 12),
};

describe('the number of parameters', () => {
  it('is what a causal model has', () => {
    const options = fc.record({...parts, tieEmbedding: fc.boolean(), basisBlock: fc.constantFrom(null, 1, 3, 6)});
    fc.assert(
      fc.property(options, (given) => {
        const model = monarchMixer(given);
        expect(countParameters(model.config)).toBe(model.countParams());
        model.dispose();
      }),
      {numRuns: 20},
    );
  });

  it('is what an M2-BERT has', () => {
    const options = fc.record({
      ...parts,
      filterLength: fc.integer({min: 12, max: 15}),
      typeVocabSize: fc.integer({min: 1, max: 3}),
      positionEmbeddings: fc.boolean(),
      bidirectional: fc.boolean(),
      trainingAdditions: fc.boolean(),
    });
    fc.assert(
      fc.property(options, (given) => {
        const model = m2Bert(given);
        expect(countM2BertParameters(model.config)).toBe(model.countParams());
        model.dispose();
      }),
      {numRuns: 20},
    );
  });
});

describe('presets', () => {
  it('have the published numbers of parameters', () => {
    // Names are rounded, the second one to that of BERT-base.
    const published = {'80M': 8e7, '110M': 1.1e8, '260M': 2.6e8, '341M': 3.41e8};
    for (const [name, parameters] of Object.entries(published)) {
      const counted = countM2BertParameters(resolveM2BertConfig(m2BertPresets[name as keyof typeof published]));
      expect(Math.abs(counted / parameters - 1), `${name} has ${counted}`).toBeLessThan(0.06);
    }
    expect(Math.abs(countParameters(resolveMonarchMixerConfig(presets['360M'])) / 3.6e8 - 1)).toBeLessThan(0.03);
  });
});

describe('card.sized', () => {
  it('comes within 1 % of the wanted size, for bytes and for a large vocabulary', () => {
    for (const parameters of [1e5, 1e6, 3e7, 1.3e9]) {
      const config = card.sized({parameters, vocabSize: 256, maxSequenceLength: 1024});
      expect(Math.abs(countParameters(config) / parameters - 1)).toBeLessThan(0.01);
    }
    const config = card.sized({parameters: 1.3e8, vocabSize: 50277, maxSequenceLength: 1024});
    expect(Math.abs(countParameters(config) / 1.3e8 - 1)).toBeLessThan(0.01);
  });
});

describe('an M2-BERT', () => {
  it('refuses configurations that are none', () => {
    const refused = (options: object) => () => m2Bert(options);
    expect(refused({positionSize: 4})).toThrow(ConfigError);
    expect(refused({positionSize: 4})).toThrow('m2-bert: positionSize is 4, but must be an odd number of at least 3');
    expect(refused({filterLength: 3})).toThrow('filterLength is 3, but must be at least maxSequenceLength 128');
    expect(refused({padToken: 5, vocabSize: 5})).toThrow('padToken is 5, but must be below vocabSize 5');
    expect(refused({heads: 2})).toThrow('m2-bert: unknown field heads');
    expect(() => m2BertClassifier({pooling: 'last' as 'first'})).toThrow(
      'm2-bert-classifier: pooling is "last", but must be one of first, mean, token',
    );
  });
});

describe('a model', () => {
  it('has one name in its errors and as a tf.LayersModel, the causal one that of the package', () => {
    expect(() => monarchMixer({vocabSize: 0})).toThrow('monarch-mixer: vocabSize is 0, but must be');
    const small = {vocabSize: 3, hiddenSize: 4, numLayers: 1, filterSize: 2, maxSequenceLength: 2};
    const models = [monarchMixer(small), m2Bert(small), m2BertClassifier(small)];
    expect(models.map(({name}) => name)).toEqual([card.name, 'm2-bert', 'm2-bert-classifier']);
    expect(() => models[0].logits([[3]])).toThrow('monarch-mixer: ');
    for (const model of models) model.dispose();
  });
});
