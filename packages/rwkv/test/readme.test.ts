import {readmeTable, readmeTests} from '@variants-tooling/readme';
import {expect, test} from 'vitest';
import {presets} from '../src';
import {countParameters, resolveRwkvConfig} from '../src/config';

readmeTests(import.meta.url);

test('the table of presets is that of the code', () => {
  const rows = Object.entries(presets).map(([name, preset]) => {
    const config = resolveRwkvConfig(preset);
    const {numLayers, hiddenSize, vocabSize} = config;
    return [name, ...[numLayers, hiddenSize, vocabSize, countParameters(config)].map(inWords)];
  });
  expect(readmeTable(import.meta.url, '## Presets')).toEqual(rows);
});

const inWords = (count: number) => count.toLocaleString('en');
