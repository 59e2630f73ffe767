import {readmeTable, readmeTests} from '@variants-tooling/readme';
import {expect, test} from 'vitest';
import {m2BertPresets, presets} from '../src';
import {countParameters, resolveMonarchMixerConfig} from '../src/config';
import {countM2BertParameters, resolveM2BertConfig} from '../src/m2-bert/config';

readmeTests(import.meta.url);

test('the tables of presets are those of the code', () => {
  const models = Object.entries(presets).map(([name, preset]) => {
    const config = resolveMonarchMixerConfig(preset);
    const {numLayers, hiddenSize, maxSequenceLength, basisBlock} = config;
    return [name, ...[numLayers, hiddenSize, maxSequenceLength, basisBlock, countParameters(config)].map(inWords)];
  });
  expect(readmeTable(import.meta.url, '## Presets')).toEqual(models);
  const encoders = Object.entries(m2BertPresets).map(([name, preset]) => {
    const config = resolveM2BertConfig(preset);
    const {numLayers, hiddenSize, maxSequenceLength} = config;
    return [name, ...[numLayers, hiddenSize, maxSequenceLength, countM2BertParameters(config)].map(inWords)];
  });
  expect(readmeTable(import.meta.url, '### Of M2-BERT')).toEqual(encoders);
});

const inWords = (count: number | null) => String(count?.toLocaleString('en'));
