import {conformance} from '@variants-tooling/conformance';
import {
  fromPretrained,
  type LinformerClassifier,
  type LinformerClassifierOptions,
  type LinformerOptions,
  linformer,
  linformerClassifier,
} from '../src';

const small = {
  ...{vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24},
  ...{maxSequenceLength: 14, compressedLength: 4, padToken: 1},
};
const overfit = {steps: 120, learningRate: 0.02};

const invalid: [overrides: {[field: string]: unknown}, message: RegExp][] = [
  [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16/],
  [{numKeyValueHeads: 3}, /numKeyValueHeads is 3, but must divide numHeads 2/],
  [{padToken: 11}, /padToken is 11, but must be below vocabSize 11, or null/],
  [{compression: 'fourier'}, /compression is "fourier", but must be one of linear, convolution, mean, max/],
  [{sharing: 'all'}, /sharing is "all", but must be one of none, headwise, kv, layerwise/],
  [
    {compression: 'mean', compressedLength: 15},
    /compressedLength is 15, but must be at most maxSequenceLength 14 with compression 'mean'/,
  ],
  [
    {sharing: 'layerwise', compressedLengthStep: 1},
    /compressedLengthStep is 1, but must be 0 with sharing 'layerwise'/,
  ],
  [
    {compression: 'max', compressionBias: 'added'},
    /compressionBias is 'added', but must be 'none' with compression 'max'/,
  ],
  [{embeddingSize: 7, positions: 'sinusoidal'}, /embeddingSize is 7, but must be even with positions 'sinusoidal'/],
  [{reversible: true, normalization: 'post'}, /normalization is 'post', but must be 'pre' as reversible is true/],
  [{head: 'linear', tieEmbedding: true}, /tieEmbedding is true, but must be false with head 'linear'/],
];

const masked = (name: string, fields: Partial<LinformerOptions>, more = {}) =>
  conformance({
    name,
    kind: 'masked-language-model',
    create: (overrides?: object) => linformer({...small, ...fields, ...overrides}),
    fromPretrained: (source) => fromPretrained(source),
    overfit,
    ...more,
  });

masked('linformer', {}, {invalid});
masked('linformer, headwise, before a norm', {sharing: 'headwise', normalization: 'pre', positionOffset: 2});
masked('linformer, a matrix for each head', {
  ...{sharing: 'none', compressionBias: 'added', compressedLengthStep: 1, embeddingSize: 12},
  ...{positions: 'sinusoidal', embeddingNorm: false, head: 'linear'},
});
masked('linformer of convolutions', {compression: 'convolution', sharing: 'kv', compressedLength: 5});
masked('linformer of convolutions for each head', {
  compression: 'convolution',
  sharing: 'none',
  compressionBias: 'added',
});
masked('linformer of means', {compression: 'mean', tieEmbedding: false});
masked('linformer of maxima', {compression: 'max', compressedLength: 5});
masked('linformer, reversible, values are keys', {
  ...{reversible: true, normalization: 'pre', finalNorm: false, sharing: 'headwise'},
  ...{valuesAreKeys: true, numKeyValueHeads: 1, headSize: 6, useBias: false, head: 'linear'},
});
masked('linformer that ignores padding', {masksPadding: false}, {mixesPadding: true});

const classifier = (name: string, fields: Partial<LinformerClassifierOptions>, more = {}) =>
  conformance({
    name,
    kind: 'sequence-classifier',
    create: (overrides?: object) => linformerClassifier({...small, numLabels: 3, ...fields, ...overrides}),
    fromPretrained: (source) => fromPretrained<LinformerClassifier>(source),
    overfit,
    ...more,
  });

classifier(
  'linformer classifier',
  {},
  {invalid: [...invalid, [{headName: 'a.b'}, /headName is "a.b", but must be a name/]]},
);
classifier('linformer classifier, reversible, of maxima', {
  ...{reversible: true, normalization: 'pre', compression: 'max', padToken: null, headName: 'sst2'},
});
