import {readmeTable, readmeTests} from '@variants-tooling/readme';
import {expect, test} from 'vitest';
import {presets} from '../src';
import {countParameters, resolveTemplateNameConfig} from '../src/config';

readmeTests(import.meta.url);

test('the table of presets is that of the code', () => {
  const rows = Object.entries(presets).map(([name, preset]) => {
    const config = resolveTemplateNameConfig(preset);
    const {numLayers, hiddenSize, valueSize} = config;
    return [name, ...[numLayers, hiddenSize, valueSize, countParameters(config)].map(inWords)];
  });
  expect(readmeTable(import.meta.url, '## Presets')).toEqual(rows);
});

const inWords = (count: number) => count.toLocaleString('en');
