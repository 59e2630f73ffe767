import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {resolvePerformerConfig} from '../src/config';
import {countParameters} from '../src/count';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolvePerformerConfig(preset);
  const {numLayers, hiddenSize, numHeads, numFeatures} = config;
  return [numLayers, hiddenSize, numHeads, numFeatures, countParameters(config)];
});
