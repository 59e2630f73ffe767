import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {type EncoderDecoderOptions, presets, type TransformerOptions} from '../src';
import {countParameters, resolveTransformerConfig} from '../src/config';
import {countEncoderDecoderParameters, resolveEncoderDecoderConfig} from '../src/seq2seq/config';

readmeTests(import.meta.url);

presetTableTest<TransformerOptions | EncoderDecoderOptions>(import.meta.url, '## Presets', presets, (preset) =>
  'vocabSize' in preset ? decoderRow(preset) : encoderDecoderRow(preset),
);

function decoderRow(preset: TransformerOptions) {
  const config = resolveTransformerConfig(preset);
  const {family, numLayers, hiddenSize, numHeads, numKeyValueHeads, maxSequenceLength} = config;
  const heads = numKeyValueHeads === numHeads ? numHeads : `${numHeads} / ${numKeyValueHeads}`;
  return [family, numLayers, hiddenSize, heads, maxSequenceLength ?? 'any', countParameters(config)];
}

function encoderDecoderRow(preset: EncoderDecoderOptions) {
  const config = resolveEncoderDecoderConfig(preset);
  const {numEncoderLayers, numDecoderLayers, hiddenSize, numHeads, maxSequenceLength} = config;
  const layers = `${numEncoderLayers} + ${numDecoderLayers}`;
  const parameters = countEncoderDecoderParameters(config);
  return ['encoder-decoder', layers, hiddenSize, numHeads, maxSequenceLength ?? 'any', parameters];
}
