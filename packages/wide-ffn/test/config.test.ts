import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {card, presets, schemes, type WideFfnOptions, wideFfn} from '../src';
import {countParameters, resolveWideFfnConfig} from '../src/config';
import {anyOptions} from './any-options';

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(anyOptions, (given) => {
        const model = wideFfn(given);
        try {
          expect(countParameters(model.config)).toBe(model.countParams());
        } finally {
          model.dispose();
        }
      }),
      {numRuns: 60},
    );
  });

  const big = {hiddenSize: 1024, numHeads: 16} as const;
  const base = {hiddenSize: 512, numHeads: 8} as const;
  const deep = {...big, numEncoderLayers: 12, numDecoderLayers: 2} as const;
  const alone = {...big, decoderOnly: true, numDecoderLayers: 12} as const;
  const narrow = {intermediateSize: 4096};
  const cases: [name: string, options: Partial<WideFfnOptions>, weights: number][] = [
    ['Big', {...big, ...schemes.transformer}, 176_357_376],
    ['SharedEnc', {...big, ...schemes.sharedEnc}, 134_378_496],
    ['SharedDec', {...big, ...schemes.sharedDec}, 134_378_496],
    ['SharedEncSharedDec', {...big, ...schemes.sharedEncSharedDec}, 92_399_616],
    ['SharedEncDec', {...big, ...schemes.sharedEncDec}, 84_003_840],
    ['NoEnc', {...big, ...schemes.noEnc}, 125_982_720],
    ['NoDec', {...big, ...schemes.noDec}, 125_982_720],
    ['NoEncNoDec', {...big, ...schemes.noEncNoDec}, 75_608_064],
    ['SharedEncNoDec', {...big, ...schemes.sharedEncNoDec, ...narrow}, 84_003_840],
    ['NoEncSharedDec', {...big, ...schemes.noEncSharedDec, decoderIntermediateSize: 4096}, 84_003_840],
    ['half as wide', {...big, ...schemes.sharedEncNoDec, intermediateSize: 24576}, 125_967_360],
    ['One Wide FFN', {...big, ...schemes.sharedEncNoDec}, 176_323_584],
    ['One Wide FFN, by default', big, 176_323_584],
    ['twice as wide', {...big, intermediateSize: 98304}, 277_036_032],
    ['Base', {...base, ...schemes.transformer}, 44_138_496],
    ['Base SharedEncNoDec', {...base, intermediateSize: 2048}, 21_030_400],
    ['Base One Wide', base, 44_121_600],
    ['deep encoder', {...deep, ...schemes.transformer}, 184_748_032],
    ['deep encoder SharedEncNoDec', {...deep, ...narrow}, 75_602_944],
    ['deep encoder wide', deep, 184_708_096],
    ['decoder-only', {...alone, decoderFfn: 'individual'}, 151_154_688],
    ['decoder-only ShareDec', {...alone, decoderIntermediateSize: 4096}, 58_801_152],
    ['decoder-only wide', alone, 151_120_896],
  ];
  it.each(cases)('is what the paper has without embeddings: %s', (_, options, weights) => {
    const config = resolveWideFfnConfig({sourceVocabSize: 50400, ...options});
    expect(countParameters(config) - 50400 * config.hiddenSize).toBe(weights);
  });
});

describe('presets', () => {
  // In millions, as tables 2 to 4 and 6 say.
  const published: {[preset in keyof typeof presets]: number} = {
    'transformer-big': 228,
    'shared-enc-no-dec-big': 136,
    'one-wide-ffn-big': 228,
    'transformer-base': 70,
    'one-wide-ffn-base': 70,
    'transformer-deep-encoder': 236,
    'one-wide-ffn-deep-encoder': 236,
    'decoder-only': 202,
    'one-wide-ffn-decoder-only': 202,
  };
  it.each(Object.entries(presets))('%s has as many weights as the paper says', (name, preset) => {
    const millions = countParameters(resolveWideFfnConfig(preset)) / 1e6;
    expect(Math.abs(millions - published[name as keyof typeof presets])).toBeLessThan(1);
  });
});

describe('the configuration', () => {
  it('is One Wide FFN by default', () => {
    expect(resolveWideFfnConfig({sourceVocabSize: 9})).toMatchObject({
      targetVocabSize: 9,
      encoderFfn: 'shared',
      decoderFfn: 'none',
      intermediateSize: 12 * 2048,
      decoderIntermediateSize: 0,
      numHeads: 8,
      normalization: 'post',
    });
    expect(resolveWideFfnConfig({sourceVocabSize: 9, decoderOnly: true})).toMatchObject({
      numEncoderLayers: 0,
      numDecoderLayers: 12,
      decoderFfn: 'shared',
      decoderIntermediateSize: 12 * 2048,
    });
  });
});

sizes(card, countParameters);
