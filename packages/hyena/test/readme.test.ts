import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {countParameters, resolveHyenaConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveHyenaConfig(preset);
  const {numLayers, hiddenSize, maxSequenceLength, vocabSize} = config;
  return [numLayers, hiddenSize, maxSequenceLength, vocabSize, countParameters(config)];
});
