import {readmeTable, readmeTests} from '@variants-tooling/readme';
import {expect, test} from 'vitest';
import {type AftOptions, presets, visionPresets} from '../src';
import {countParameters, resolveAftConfig} from '../src/config';
import {countVisionParameters, resolveVisionConfig} from '../src/vision/config';

readmeTests(import.meta.url);

test('the tables of presets are those of the code', () => {
  const models = Object.entries<AftOptions>(presets).map(([name, preset]) => {
    const config = resolveAftConfig(preset);
    const {numLayers, hiddenSize, maxSequenceLength} = config;
    return [name, ...[numLayers, hiddenSize, maxSequenceLength, countParameters(config)].map(inWords)];
  });
  expect(readmeTable(import.meta.url, '## Presets')).toEqual(models);
  const classifiers = Object.entries(visionPresets).map(([name, preset]) => {
    const config = resolveVisionConfig(preset);
    const {numLayers, hiddenSize} = config;
    return [name, ...[numLayers, hiddenSize, countVisionParameters(config)].map(inWords)];
  });
  expect(readmeTable(import.meta.url, '### Of image classifiers')).toEqual(classifiers);
});

const inWords = (count: number) => count.toLocaleString('en');
