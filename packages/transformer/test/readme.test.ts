import {readmeTable, readmeTests} from '@variants-tooling/readme';
import {expect, test} from 'vitest';
import {type EncoderDecoderOptions, presets, type TransformerOptions} from '../src';
import {countParameters, resolveTransformerConfig} from '../src/config';
import {countEncoderDecoderParameters, resolveEncoderDecoderConfig} from '../src/seq2seq/config';

readmeTests(import.meta.url);

test('the table of presets is that of the code', () => {
  const rows = Object.entries(presets).map(([name, preset]) => [
    name,
    ...('vocabSize' in preset ? decoderRow(preset) : encoderDecoderRow(preset)),
  ]);
  expect(readmeTable(import.meta.url, '## Presets')).toEqual(rows);
});

function decoderRow(preset: TransformerOptions): string[] {
  const config = resolveTransformerConfig(preset);
  const {family, numLayers, hiddenSize, numHeads, numKeyValueHeads, maxSequenceLength} = config;
  const heads = numKeyValueHeads === numHeads ? `${numHeads}` : `${numHeads} / ${numKeyValueHeads}`;
  const parameters = countParameters(config);
  return [family, `${numLayers}`, inWords(hiddenSize), heads, inWords(maxSequenceLength), inWords(parameters)];
}

function encoderDecoderRow(preset: EncoderDecoderOptions): string[] {
  const config = resolveEncoderDecoderConfig(preset);
  const {numEncoderLayers, numDecoderLayers, hiddenSize, numHeads, maxSequenceLength} = config;
  const layers = `${numEncoderLayers} + ${numDecoderLayers}`;
  const parameters = countEncoderDecoderParameters(config);
  const sizes = [layers, inWords(hiddenSize), `${numHeads}`, inWords(maxSequenceLength), inWords(parameters)];
  return ['encoder-decoder', ...sizes];
}

const inWords = (count: number | null) => count?.toLocaleString('en') ?? 'any';
