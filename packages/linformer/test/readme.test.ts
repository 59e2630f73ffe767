import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {resolveLinformerConfig} from '../src/config';
import {countParameters} from '../src/count';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveLinformerConfig(preset);
  const {numLayers, hiddenSize, numHeads, compressedLength} = config;
  return [numLayers, hiddenSize, numHeads, compressedLength, countParameters(config)];
});
