import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {countParameters, resolveReformerConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveReformerConfig(preset);
  const {numLayers, hiddenSize, numHeads, headSize, intermediateSize, maxSequenceLength} = config;
  return [numLayers, hiddenSize, numHeads, headSize, intermediateSize, maxSequenceLength, countParameters(config)];
});
