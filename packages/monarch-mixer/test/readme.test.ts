import {readmeTable, readmeTests} from '@variants-tooling/readme';
import {expect, test} from 'vitest';
import {presets} from '../src';
import {countM2BertParameters, resolveM2BertConfig} from '../src/m2-bert/config';

readmeTests(import.meta.url);

test('the table of presets is that of the code', () => {
  const rows = Object.entries(presets).map(([name, preset]) => {
    const config = resolveM2BertConfig(preset);
    const {numLayers, hiddenSize, maxSequenceLength} = config;
    return [name, ...[numLayers, hiddenSize, maxSequenceLength, countM2BertParameters(config)].map(inWords)];
  });
  expect(readmeTable(import.meta.url, '## Presets')).toEqual(rows);
});

const inWords = (count: number) => count.toLocaleString('en');
