import {ConfigError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type TransformerOptions, transformer} from '../src';
import {countParameters, resolveTransformerConfig} from '../src/config';
import {anyOptions} from './any-options';

describe('a configuration', () => {
  it('has the defaults of its family', () => {
    expect(resolveTransformerConfig({vocabSize: 5})).toMatchObject({
      family: 'llama',
      hiddenSize: 512,
      numHeads: 8,
      numKeyValueHeads: 8,
      headSize: 64,
      intermediateSize: 1376,
      activation: 'silu',
      attentionBias: false,
      tieEmbedding: false,
      rotaryPairing: 'interleaved',
      layout: 'llama2c',
    });
    expect(resolveTransformerConfig({vocabSize: 5, family: 'gpt2', hiddenSize: 768})).toMatchObject({
      numHeads: 12,
      intermediateSize: 3072,
      activation: 'geluTanh',
      attentionBias: true,
      feedForwardBias: true,
      normBias: true,
      tieEmbedding: true,
      layout: 'gpt2',
    });
  });

  it('without numHeads gets heads of 64 features or more, an even number, that divide the width', () => {
    const headsOf = (hiddenSize: number) => resolveTransformerConfig({vocabSize: 5, hiddenSize}).numHeads;
    expect([16, 64, 128, 200, 192, 576, 1000].map(headsOf)).toEqual([1, 1, 2, 2, 3, 9, 10]);
  });

  it('has the pairing of its layout and the layout of its pairing', () => {
    expect(resolveTransformerConfig({vocabSize: 5, layout: 'huggingface'}).rotaryPairing).toBe('halves');
    expect(resolveTransformerConfig({vocabSize: 5, layout: 'meta'}).rotaryPairing).toBe('interleaved');
    expect(resolveTransformerConfig({vocabSize: 5, rotaryPairing: 'halves'}).layout).toBe('huggingface');
  });

  it('keeps null for no limit of length, and takes it for the default elsewhere', () => {
    expect(resolveTransformerConfig({vocabSize: 5, maxSequenceLength: null}).maxSequenceLength).toBeNull();
    const nulls = {hiddenSize: null, numHeads: null, headSize: null, rotaryPairing: null, layout: null};
    expect(resolveTransformerConfig({vocabSize: 5, ...nulls} as unknown as TransformerOptions)).toEqual(
      resolveTransformerConfig({vocabSize: 5}),
    );
  });

  it('is complete: resolving it again changes nothing', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const config = resolveTransformerConfig(options);
        expect(resolveTransformerConfig(config)).toEqual(config);
      }),
    );
  });

  it.each<[string, Partial<TransformerOptions>, RegExp]>([
    ['heads that do not divide the width', {numHeads: 3}, /numHeads is 3, but must divide hiddenSize 32/],
    ['key heads that do not divide the heads', {numHeads: 4, numKeyValueHeads: 3}, /numKeyValueHeads is 3/],
    ['an odd head size with rotary positions', {headSize: 3}, /headSize is 3, but must be even/],
    ['biased norms of LLaMA', {normBias: true}, /normBias is true/],
    ['a layout of the other family', {layout: 'gpt2'}, /layout is "gpt2", but .* llama2c or meta/],
    ['a layout of the other pairing', {layout: 'meta', rotaryPairing: 'halves'}, /must be huggingface/],
    ['GPT-2 in a layout of LLaMA', {family: 'gpt2', layout: 'meta'}, /must be nanogpt, gpt2, gpt2bare/],
    ['GPT-2 without a length', {family: 'gpt2', maxSequenceLength: null}, /maxSequenceLength is null/],
    ['GPT-2 with scaled rotary positions', {family: 'gpt2', ropeScaling: {type: 'linear', factor: 2}}, /ropeScaling/],
    ['scaling without a factor', {ropeScaling: {type: 'linear'} as never}, /ropeScaling is \{"type":"linear"\}/],
    [
      'scaling by less than 1',
      {ropeScaling: {type: 'yarn', factor: 0.5} as never},
      /its factor must be a number of at/,
    ],
    [
      'scaling of no type',
      {ropeScaling: {type: 'mrope'} as never},
      /ropeScaling is .* its type must be one of linear, ntk/,
    ],
    [
      'longrope for heads of another size',
      {
        ropeScaling: {
          type: 'longrope',
          shortFactors: [1],
          longFactors: [1],
          originalMaxSequenceLength: 8,
          factor: 1,
        },
      },
      /ropeScaling.shortFactors has 1 numbers, but must have 16, one for each pair/,
    ],
    ['an unknown field', {ropeTheta: 1} as object, /unknown field ropeTheta/],
  ])('with %s is refused in one line', (_, fields, message) => {
    const create = () => transformer({vocabSize: 5, hiddenSize: 32, ...fields});
    expect(create).toThrow(ConfigError);
    expect(create).toThrow(message);
  });
});

describe('countParameters', () => {
  it('counts what models of any configuration have', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const model = transformer(options);
        expect(countParameters(resolveTransformerConfig(options))).toBe(model.countParams());
        model.dispose();
      }),
      {numRuns: 25},
    );
  });
});
