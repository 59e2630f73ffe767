import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {countParameters, resolveConformerConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveConformerConfig(preset);
  const {numLayers, hiddenSize, numHeads, kernelSize, vocabSize} = config;
  return [numLayers, hiddenSize, numHeads, kernelSize, vocabSize ?? 'none', countParameters(config)];
});
