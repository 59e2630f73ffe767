import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {countParameters, resolveLongNetConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveLongNetConfig(preset);
  const {numLayers, hiddenSize, numHeads} = config;
  return [numLayers, hiddenSize, numHeads, countParameters(config)];
});
