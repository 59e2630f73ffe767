import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, type MultiQueryOptions, mqa, presets} from '../src';
import {countParameters, resolveMultiQueryConfig} from '../src/config';
import {anyOptions} from './any-options';

describe('a configuration', () => {
  it('has one head of keys and values, and the defaults of its family', () => {
    expect(resolveMultiQueryConfig({vocabSize: 5})).toMatchObject({
      family: 'llama',
      hiddenSize: 512,
      numHeads: 8,
      numKeyValueHeads: 1,
      headSize: 64,
      intermediateSize: 1376,
      rotaryPairing: 'halves',
      layout: 'llama',
    });
    expect(resolveMultiQueryConfig({vocabSize: 5, family: 'gptBigCode', hiddenSize: 768})).toMatchObject({
      numHeads: 12,
      numKeyValueHeads: 1,
      intermediateSize: 3072,
      activation: 'geluTanh',
      attentionBias: true,
      tieEmbedding: true,
      layout: 'gptBigCode',
    });
  });

  it('has the layout of its pairing and its window, and the pairing of its layout', () => {
    const resolved = (options: object) => resolveMultiQueryConfig({vocabSize: 5, ...options});
    expect(resolved({rotaryPairing: 'interleaved'}).layout).toBe('meta');
    expect(resolved({window: 7}).layout).toBe('mistral');
    expect(resolved({layout: 'meta'}).rotaryPairing).toBe('interleaved');
    expect(resolved({layout: 'mistral'}).window).toBeNull();
  });

  it('is complete: resolving it again changes nothing', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const config = resolveMultiQueryConfig(options);
        expect(resolveMultiQueryConfig(config)).toEqual(config);
      }),
    );
  });
});

describe('countParameters', () => {
  it('counts what models of any configuration have', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const model = mqa(options);
        expect(countParameters(model.config)).toBe(model.countParams());
        model.dispose();
      }),
      {numRuns: 25},
    );
  });
});

/** Parameters of the published files; of three of BigCode's, see the README, what their shapes give. */
const published: {[preset in keyof typeof presets]: number} = {
  tiny_starcoder_py: 164_144_128,
  'gpt_bigcode-santacoder': 1_124_886_528,
  'starcoderbase-1b': 1_137_207_296,
  'starcoderbase-3b': 3_043_311_104,
  'starcoderbase-7b': 7_327_263_232,
  starcoder: 15_517_456_384,
  'tinyllama-1.1b': 1_100_048_384,
  'mistral-7b': 7_241_732_096,
  'llama-2-70b': 68_976_648_192,
  'llama-3-8b': 8_030_261_248,
};

describe('presets', () => {
  it.each(Object.entries<MultiQueryOptions>(presets))('%s has the published number of parameters', (name, preset) => {
    expect(countParameters(resolveMultiQueryConfig(preset))).toBe(published[name as keyof typeof presets]);
  });

  it.each<[keyof typeof presets, string]>([
    ['starcoder', 'gptBigCode'],
    ['mistral-7b', 'mistral'],
    ['llama-3-8b', 'llama'],
  ])('%s is saved in the layout of the files that it is named after, %s', (name, layout) => {
    expect(resolveMultiQueryConfig(presets[name]).layout).toBe(layout);
  });
});

sizes(card, countParameters);
