import {describe, expect, it} from 'vitest';
import {presets, type TransformerOptions} from '../src';
import {countParameters, resolveTransformerConfig} from '../src/config';

/** Parameters as published, or of the published files. */
const published: {[preset: string]: number} = {
  gpt2: 124_439_808,
  'gpt2-medium': 354_823_168,
  'gpt2-large': 774_030_080,
  'gpt2-xl': 1_557_611_200,
  distilgpt2: 81_912_576,
  stories260K: 260_032,
  stories15M: 15_191_712,
  stories42M: 41_689_600,
  stories110M: 109_529_856,
  'llama-7b': 6_738_415_616,
  'llama-13b': 13_015_864_320,
  'llama-33b': 32_528_943_616,
  'llama-65b': 65_285_660_672,
  'llama-2-7b': 6_738_415_616,
  'llama-2-13b': 13_015_864_320,
  'llama-2-70b': 68_976_648_192,
  'llama-3-8b': 8_030_261_248,
  'llama-3.2-1b': 1_235_814_400,
  'llama-3.2-3b': 3_212_749_824,
  'tinyllama-1.1b': 1_100_048_384,
  'smollm2-135m': 134_515_008,
  'smollm2-360m': 361_821_120,
};

const decoders = new Map<string, TransformerOptions>(
  Object.entries(presets).flatMap(([name, options]) => ('vocabSize' in options ? [[name, options]] : [])),
);

describe('presets of decoders', () => {
  it.each(Object.keys(published))('%s has the published number of parameters', (name) => {
    expect(countParameters(resolveTransformerConfig(decoders.get(name) as TransformerOptions))).toBe(published[name]);
  });

  it('are those whose numbers are checked here', () => {
    expect([...decoders.keys()]).toEqual(Object.keys(published));
  });

  it.each([
    ['gpt2', 'gpt2'],
    ['stories15M', 'llama2c'],
    ['llama-2-7b', 'meta'],
    ['smollm2-360m', 'huggingface'],
  ])('%s is saved in the layout of the files that it is named after, %s', (name, layout) => {
    expect(resolveTransformerConfig(decoders.get(name) as TransformerOptions).layout).toBe(layout);
  });
});
