import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {type MultiQueryOptions, presets} from '../src';
import {countParameters, resolveMultiQueryConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest<MultiQueryOptions>(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveMultiQueryConfig(preset);
  const {layout, numLayers, hiddenSize, numHeads, numKeyValueHeads, maxSequenceLength} = config;
  return [
    layout,
    numLayers,
    hiddenSize,
    `${numHeads} / ${numKeyValueHeads}`,
    maxSequenceLength ?? 'any',
    countParameters(config),
  ];
});
