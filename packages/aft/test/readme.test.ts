import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {type AftOptions, presets, visionPresets} from '../src';
import {countParameters, resolveAftConfig} from '../src/config';
import {countVisionParameters, resolveVisionConfig} from '../src/vision/config';

readmeTests(import.meta.url);

presetTableTest<AftOptions>(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveAftConfig(preset);
  const {numLayers, hiddenSize, maxSequenceLength} = config;
  return [numLayers, hiddenSize, maxSequenceLength, countParameters(config)];
});

presetTableTest(import.meta.url, '### Of image classifiers', visionPresets, (preset) => {
  const config = resolveVisionConfig(preset);
  const {numLayers, hiddenSize} = config;
  return [numLayers, hiddenSize, countVisionParameters(config)];
});
