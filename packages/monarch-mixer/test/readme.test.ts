import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {m2BertPresets, presets} from '../src';
import {countParameters, resolveMonarchMixerConfig} from '../src/config';
import {countM2BertParameters, resolveM2BertConfig} from '../src/m2-bert/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveMonarchMixerConfig(preset);
  const {numLayers, hiddenSize, maxSequenceLength, basisBlock} = config;
  return [numLayers, hiddenSize, maxSequenceLength, `${basisBlock}`, countParameters(config)];
});

presetTableTest(import.meta.url, '### Of M2-BERT', m2BertPresets, (preset) => {
  const config = resolveM2BertConfig(preset);
  const {numLayers, hiddenSize, maxSequenceLength} = config;
  return [numLayers, hiddenSize, maxSequenceLength, countM2BertParameters(config)];
});
