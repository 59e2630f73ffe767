import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {countMasked, resolveRoFormerMaskedConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveRoFormerMaskedConfig(preset);
  const {numLayers, hiddenSize, numHeads, vocabSize} = config;
  return [numLayers, hiddenSize, numHeads, vocabSize, countMasked(config)];
});
