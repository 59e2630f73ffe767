import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {countParameters, resolveRetNetConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveRetNetConfig(preset);
  const {numLayers, hiddenSize, numHeads, valueSize} = config;
  return [numLayers, hiddenSize, numHeads, valueSize, countParameters(config)];
});
