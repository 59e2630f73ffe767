import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {countParameters, resolveAttentionSinksConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveAttentionSinksConfig(preset);
  const {family, numLayers, hiddenSize, numHeads, numKeyValueHeads, maxSequenceLength} = config;
  const heads = numHeads === numKeyValueHeads ? numHeads : `${numHeads} / ${numKeyValueHeads}`;
  return [family, numLayers, hiddenSize, heads, maxSequenceLength as number, countParameters(config)];
});
