import {conformance} from '@variants-tooling/conformance';
import {
  fromPretrained,
  type M2Bert,
  type M2BertClassifier,
  type M2BertClassifierOptions,
  type M2BertOptions,
  type MonarchMixerOptions,
  m2Bert,
  m2BertClassifier,
  monarchMixer,
} from '../src';

const small = {vocabSize: 11, hiddenSize: 8, numLayers: 2, intermediateSize: 16, maxSequenceLength: 24, filterSize: 8};
// FFTs are slow on tfjs's cpu backend.
const overfit = {steps: 50, learningRate: 0.03};
const create = (fields: Partial<MonarchMixerOptions>) => (overrides?: object) =>
  monarchMixer({...small, ...fields, ...overrides});

conformance({
  name: 'monarch-mixer',
  create: create({}),
  fromPretrained,
  overfit,
  invalid: [
    [{numBlocks: 0}, /numBlocks is 0, but must be a whole number of at least 1/],
    [{positionSize: 4}, /positionSize is 4, but must be an odd number of at least 3/],
    [{basisBlock: 5}, /basisBlock is 5, but must divide maxSequenceLength 24/],
  ],
});

conformance({
  name: 'monarch-mixer in a learned basis, with one convolution a layer',
  create: create({basisBlock: 4, residualConvolution: false, tieEmbedding: false}),
  fromPretrained,
  overfit,
});

conformance({
  name: 'monarch-mixer with blocks that features do not fill, no gates',
  create: create({
    hiddenSize: 7,
    numBlocks: 3,
    numLayers: 1,
    gated: false,
    residualConvolution: false,
    trainPositions: false,
  }),
  fromPretrained,
  overfit,
});

const bert = {...small, numLayers: 1, maxSequenceLength: 12};

const masked = (fields: M2BertOptions) => (overrides?: object) => m2Bert({...bert, ...fields, ...overrides});

conformance({
  name: 'm2-bert',
  kind: 'masked-language-model',
  create: masked({}),
  fromPretrained: (source) => fromPretrained<M2Bert>(source),
  mixesPadding: true,
  overfit,
  invalid: [
    [{padToken: 11}, /padToken is 11, but must be below vocabSize 11/],
    [{filterLength: 8}, /filterLength is 8, but must be at least maxSequenceLength 12/],
  ],
});

const classifier = (fields: M2BertClassifierOptions) => (overrides?: object) =>
  m2BertClassifier({...bert, numLabels: 3, ...fields, ...overrides});

conformance({
  name: 'm2-bert classifier',
  kind: 'sequence-classifier',
  create: classifier({}),
  fromPretrained: (source) => fromPretrained<M2BertClassifier>(source),
  mixesPadding: true,
  overfit,
});

conformance({
  name: 'm2-bert classifier of the mean',
  kind: 'sequence-classifier',
  create: classifier({pooling: 'mean'}),
  fromPretrained: (source) => fromPretrained<M2BertClassifier>(source),
  mixesPadding: true,
  overfit,
});
