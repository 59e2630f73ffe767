import {conformance} from '@variants-tooling/conformance';
import {
  type EncoderDecoder,
  type EncoderDecoderOptions,
  encoderDecoder,
  fromPretrained,
  type TransformerOptions,
  transformer,
} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24, maxSequenceLength: 16};
const create = (fields: Partial<TransformerOptions>) => (overrides?: object) =>
  transformer({...small, ...fields, ...overrides});

conformance({
  name: 'transformer, llama',
  create: create({}),
  fromPretrained,
  invalid: [
    [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16/],
    [{numKeyValueHeads: 3}, /numKeyValueHeads is 3, but must divide numHeads 2/],
    [{headSize: 5}, /headSize is 5, but must be even/],
    [{normBias: true}, /family llama have no bias/],
  ],
});

conformance({
  name: 'transformer, llama of Hugging Face, grouped heads, scaled positions',
  create: create({
    numKeyValueHeads: 1,
    rotaryPairing: 'halves',
    attentionBias: true,
    ropeScaling: {type: 'linear', factor: 2},
    tieEmbedding: true,
  }),
  fromPretrained,
});

// Up to the length from which on frequencies follow the length, all laws hold.
conformance({
  name: 'transformer, llama with dynamic scaling',
  create: create({ropeScaling: {type: 'dynamic', factor: 2, originalMaxSequenceLength: 16}}),
  fromPretrained,
});

conformance({
  name: 'transformer, llama with YaRN',
  create: create({layout: 'huggingface', ropeScaling: {type: 'yarn', factor: 4, originalMaxSequenceLength: 8}}),
  fromPretrained,
  invalid: [
    [{ropeScaling: {type: 'yarn', factor: 0.5}}, /ropeScaling is .*, but its factor must be a number of at least 1/],
  ],
});

conformance({
  name: 'transformer, llama with a window, and sinks that stay near',
  create: create({window: 5, sinks: 2, cachePositions: 'inCache'}),
  fromPretrained,
  invalid: [
    [{window: 0}, /window is 0, but must be a whole number of at least 1, or nothing/],
    [{window: null}, /sinks is 2, but must be 0 without a window/],
  ],
});

conformance({
  name: 'transformer, gpt2',
  create: create({family: 'gpt2'}),
  fromPretrained,
  invalid: [
    [{maxSequenceLength: null}, /maxSequenceLength is null, but family gpt2 has a learned position each/],
    [{cachePositions: 'inCache'}, /cachePositions is "inCache", but must be "absolute", as family gpt2/],
  ],
});

conformance({
  name: 'transformer, nanogpt without biases',
  create: create({
    family: 'gpt2',
    layout: 'nanogpt',
    activation: 'gelu',
    intermediateSize: 64,
    attentionBias: false,
    feedForwardBias: false,
    normBias: false,
  }),
  fromPretrained,
});

const pair = {
  sourceVocabSize: 11,
  targetVocabSize: 9,
  hiddenSize: 16,
  numHeads: 2,
  numEncoderLayers: 1,
  numDecoderLayers: 2,
  intermediateSize: 24,
  maxSequenceLength: 16,
};
const createPair = (fields: Partial<EncoderDecoderOptions>) => (overrides?: object) =>
  encoderDecoder({...pair, ...fields, ...overrides});

conformance({
  name: 'transformer, encoder-decoder',
  kind: 'sequence-to-sequence',
  create: createPair({}),
  fromPretrained: (source) => fromPretrained<EncoderDecoder>(source),
  invalid: [
    [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16/],
    [{padToken: 9}, /padToken is 9, but must be below both vocabulary sizes, 9/],
    [{shareEmbeddings: true}, /targetVocabSize is 9, but must be sourceVocabSize 11/],
  ],
});

conformance({
  name: 'transformer, encoder-decoder as in the paper',
  kind: 'sequence-to-sequence',
  create: createPair({targetVocabSize: 11, normalization: 'post', shareEmbeddings: true, padToken: 3}),
  fromPretrained: (source) => fromPretrained<EncoderDecoder>(source),
});
