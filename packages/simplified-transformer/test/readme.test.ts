import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {countParameters, resolveSimplifiedTransformerConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveSimplifiedTransformerConfig(preset);
  const {numLayers, hiddenSize, numHeads} = config;
  return [numLayers, hiddenSize, numHeads, countParameters(config)];
});
