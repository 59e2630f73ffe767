import * as tf from '@tensorflow/tfjs';
import {ConfigError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type AftOptions, type AftVisionOptions, aft, aftVision, card, layers, presets, visionPresets} from '../src';
import {countParameters, resolveConfig} from '../src/config';
import {countVisionParameters, resolveVisionConfig} from '../src/vision/config';

const sizes = fc.record({
  hiddenSize: fc.constantFrom(8, 16),
  mixerSize: fc.constantFrom(8, 12),
  numLayers: fc.integer({min: 1, max: 2}),
  intermediateSize: fc.integer({min: 1, max: 12}),
  useBias: fc.boolean(),
});
const variant = fc.constantFrom<Partial<AftOptions>>(
  {variant: 'simple'},
  {variant: 'full', factorSize: 0},
  {variant: 'full', factorSize: 2},
  {variant: 'local', windowSize: 3},
  {variant: 'conv', numHeads: 2, kernelSize: 3},
);

describe('the counts of parameters', () => {
  it('are what language models have', () => {
    fc.assert(
      fc.property(sizes, variant, fc.boolean(), (size, mixer, tieEmbedding) => {
        const model = aft({
          vocabSize: 7,
          maxSequenceLength: tieEmbedding && mixer.variant === 'conv' ? 0 : 9,
          ...size,
          ...mixer,
          tieEmbedding,
        });
        expect(countParameters(model.config)).toBe(model.countParams());
        model.dispose();
      }),
      {numRuns: 20},
    );
  });

  it('are what image classifiers have', () => {
    fc.assert(
      fc.property(sizes, variant, (size, mixer) => {
        const grid = mixer.variant === 'conv' ? {} : {gridRows: 2, gridColumns: 3};
        const options = {numClasses: 3, patchSize: 2, imageChannels: 1, ...size, ...mixer, ...grid};
        const model = aftVision(options as AftVisionOptions);
        expect(countVisionParameters(model.config)).toBe(model.countParams());
        model.dispose();
      }),
      {numRuns: 20},
    );
  });
});

describe('presets', () => {
  it('are complete configurations, image classifiers about as large as DeiT tiny and small', () => {
    for (const preset of Object.values(presets)) expect(countParameters(resolveConfig(preset))).toBeGreaterThan(1e7);
    for (const [name, preset] of Object.entries(visionPresets)) {
      const parameters = countVisionParameters(resolveVisionConfig(preset));
      expect(parameters / (name.includes('tiny') ? 5.7e6 : 22e6), name).toBeGreaterThan(0.9);
      expect(parameters / (name.includes('tiny') ? 5.7e6 : 22e6), name).toBeLessThan(1.15);
    }
  });
});

describe('card.sized', () => {
  it('comes within 1 % of the wanted size, for bytes and for a large vocabulary', () => {
    for (const parameters of [2e4, 1e5, 1e6, 3e7])
      expect(
        Math.abs(countParameters(card.sized({parameters, vocabSize: 256, maxSequenceLength: 64})) / parameters - 1),
      ).toBeLessThan(0.01);
    const config = card.sized({parameters: 1.3e8, vocabSize: 50257, maxSequenceLength: 1024});
    expect(Math.abs(countParameters(config) / 1.3e8 - 1)).toBeLessThan(0.01);
  });
});

describe('what does not go together is refused', () => {
  const conv = {numHeads: 2, kernelSize: 3};
  const message = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as Error).message;
    }
    return 'nothing was thrown';
  };

  it.each<[Partial<AftVisionOptions>, string]>([
    [{gridRows: 2}, 'aftVision: gridRows is 2, but must be 0, as variant conv takes any'],
    [{variant: 'full', gridRows: 2}, 'aftVision: gridColumns is 0, but must be at least 1'],
    [{kernelSize: 4}, 'aftVision: kernelSize is 4, but must be odd'],
    [{numHeads: 3, hiddenSize: 16}, 'aftVision: numHeads is 3, but must divide mixerSize 16'],
    [{patchSize: 0}, 'aftVision: patchSize is 0, but must be a whole number of at least 1'],
  ])('by image classifiers: %j', (options, wanted) => {
    expect(message(() => aftVision({numClasses: 2, ...options}))).toBe(wanted);
  });

  it('by layers', () => {
    const input = tf.input({shape: [null, 8]});
    const grid = tf.input({shape: [null, null, 8]});
    expect(message(() => layers.aftConv({...conv, numHeads: 3, name: 'a'}).apply(input))).toBe(
      'a: numHeads is 3, but must divide the width 8',
    );
    expect(message(() => layers.aftConv({...conv, kernelSize: 4, name: 'b'}).apply(input))).toBe(
      'b: kernelSize is 4, but must be odd unless the layer is causal',
    );
    expect(message(() => layers.aftConv2d({...conv, causal: true, name: 'c'}).apply(grid))).toBe(
      'c: causal is true, but must be false, as the places of an image have no order',
    );
    const layer = layers.aftSimple({name: 'd'});
    const x = tf.zeros([1, 2, 8]);
    expect(message(() => layer.stream(x))).toBe(
      'd: causal is false, but must be true for a layer that is fed in pieces',
    );
    layer.dispose();
    x.dispose();
  });
});
