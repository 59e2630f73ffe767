import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {countParameters, resolveRwkvConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveRwkvConfig(preset);
  const {numLayers, hiddenSize, vocabSize} = config;
  return [numLayers, hiddenSize, vocabSize, countParameters(config)];
});
