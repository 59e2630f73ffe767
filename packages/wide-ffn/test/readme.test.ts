import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {presets} from '../src';
import {countParameters, resolveWideFfnConfig} from '../src/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveWideFfnConfig(preset);
  const {numEncoderLayers, numDecoderLayers, hiddenSize, intermediateSize, decoderIntermediateSize} = config;
  return [
    ...[numEncoderLayers, numDecoderLayers, hiddenSize],
    ...[intermediateSize, decoderIntermediateSize, countParameters(config)],
  ];
});
