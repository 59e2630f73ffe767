import {conformance} from '@variants-tooling/conformance';
import {fromPretrained, type MonarchMixerOptions, monarchMixer} from '../src';

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
