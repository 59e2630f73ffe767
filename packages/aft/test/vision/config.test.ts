import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type AftVisionOptions, aftVision, visionPresets} from '../../src';
import {countVisionParameters, resolveVisionConfig} from '../../src/vision/config';
import {mixers, sizes} from '../drawn-config';
import {refusalOf} from '../refusal';

describe('countVisionParameters', () => {
  it('counts what a model has', () => {
    fc.assert(
      fc.property(sizes, mixers, (size, mixer) => {
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

describe('visionPresets', () => {
  it('are about as large as DeiT tiny and small', () => {
    for (const [name, preset] of Object.entries(visionPresets)) {
      const parameters = countVisionParameters(resolveVisionConfig(preset));
      expect(parameters / (name.includes('tiny') ? 5.7e6 : 22e6), name).toBeGreaterThan(0.9);
      expect(parameters / (name.includes('tiny') ? 5.7e6 : 22e6), name).toBeLessThan(1.15);
    }
  });
});

describe('what does not go together is refused', () => {
  it.each<[Partial<AftVisionOptions>, string]>([
    [{gridRows: 2}, 'aftVision: gridRows is 2, but must be 0, as variant conv takes any'],
    [{variant: 'full', gridRows: 2}, 'aftVision: gridColumns is 0, but must be at least 1'],
    [{kernelSize: 4}, 'aftVision: kernelSize is 4, but must be odd'],
    [{numHeads: 3, hiddenSize: 16}, 'aftVision: numHeads is 3, but must divide mixerSize 16'],
    [{patchSize: 0}, 'aftVision: patchSize is 0, but must be a whole number of at least 1'],
  ])('%j', (options, wanted) => {
    expect(refusalOf(() => aftVision({numClasses: 2, ...options}))).toBe(wanted);
  });
});
