import {sizes} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type ConformerOptions, card, conformer, presets} from '../src';
import {positionKinds} from '../src/attention';
import {countParameters, frameSteps, resolveConformerConfig} from '../src/config';
import {convolutionNorms} from '../src/convolution';

const waveform = fc.record({
  channels: fc.constant([3, 5]),
  kernelSizes: fc.tuple(fc.integer({min: 1, max: 4}), fc.integer({min: 1, max: 3})),
  strides: fc.constant([2, 1]),
  useBias: fc.boolean(),
  norm: fc.constantFrom('group' as const, 'layer' as const),
});

const options = fc
  .record({
    vocabSize: fc.option(fc.integer({min: 2, max: 20})),
    numHeads: fc.integer({min: 1, max: 3}),
    headSize: fc.constantFrom(2, 4),
    numLayers: fc.integer({min: 1, max: 3}),
    intermediateSize: fc.integer({min: 1, max: 12}),
    kernelSize: fc.constantFrom(1, 3, 5),
    inputSize: fc.integer({min: 7, max: 12}),
    frontEnd: fc.oneof(fc.constantFrom('subsampling' as const, 'none' as const), waveform),
    positions: fc.constantFrom(...positionKinds),
    convolutionNorm: fc.constantFrom(...convolutionNorms),
    pointwiseBias: fc.boolean(),
    depthwiseBias: fc.boolean(),
    finalNorm: fc.boolean(),
    headBias: fc.boolean(),
    normalizesInput: fc.boolean(),
  })
  .map(({headSize, ...given}): ConformerOptions => {
    const samples = typeof given.frontEnd === 'object';
    const own = samples ? {inputSize: null, normalizesInput: false} : {};
    return {...given, hiddenSize: given.numHeads * headSize, ...own};
  });

describe('countParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(options, (given) => {
        const model = conformer(given);
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

describe('frameSteps', () => {
  it('knows that wav2vec 2.0 sees 25 ms every 20 ms, of 16 kHz', () => {
    const config = resolveConformerConfig(presets['wav2vec2-rotary-large']);
    expect(frameSteps(config)).toEqual({reach: 400, step: 320});
  });
});

describe('presets', () => {
  // The paper's are counted with a decoder of one layer of LSTM, of 320 and 640 features.
  it.each([
    ['small', 8.7e6],
    ['medium', 27.3e6],
    ['large', 113e6],
    ['wenet-aishell', 34e6],
    ['wav2vec2-relative-large', 618e6],
    ['wav2vec2-rotary-large', 593e6],
  ] as const)('%s is of about %i parameters', (name, parameters) => {
    const ratio = countParameters(resolveConformerConfig(presets[name])) / parameters;
    expect(ratio).toBeGreaterThan(0.85);
    expect(ratio).toBeLessThan(1.15);
  });
});

sizes(card, countParameters);
