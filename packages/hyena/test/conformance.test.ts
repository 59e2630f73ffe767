import {conformance} from '@variants-tooling/conformance';
import {
  fromPretrained,
  type HyenaClassifier,
  type HyenaClassifierOptions,
  type HyenaOptions,
  hyena,
  hyenaClassifier,
} from '../src';

const small: HyenaOptions = {
  vocabSize: 11,
  hiddenSize: 12,
  numLayers: 2,
  intermediateSize: 16,
  maxSequenceLength: 16,
  filterSize: 8,
};
const create = (fields: Partial<HyenaOptions>) => (overrides?: object) => hyena({...small, ...fields, ...overrides});

const invalid: [overrides: {[field: string]: unknown}, message: RegExp][] = [
  [{order: 1}, /order is 1, but must be a whole number of at least 2/],
  [{numHeads: 5}, /numHeads is 5, but must divide hiddenSize 12/],
  [{positionSize: 4}, /positionSize is 4, but must be an odd number of at least 3/],
  [{shift: -1}, /shift is -1, but must be a number of at least 0/],
  [{attentionLayers: [1, 1]}, /attentionLayers is \[1,1\], but must be a list of different numbers of layers/],
  [{attentionLayers: [2]}, /attentionLayers names layer 2, but there are 2, from 0 on/],
  [{attentionLayers: [0], numAttentionHeads: 5}, /numAttentionHeads is 5, but must divide hiddenSize 12/],
];

conformance({name: 'hyena', create: create({}), fromPretrained, invalid});

conformance({
  name: 'hyena of order 3, with attention, positions and a head of its own',
  create: create({
    order: 3,
    attentionLayers: [1],
    numAttentionHeads: 2,
    maxPositions: 14,
    tieEmbedding: false,
    trainDecays: true,
    shift: 0.05,
    filterLayout: 'order-first',
  }),
  fromPretrained,
});

conformance({
  name: 'hyena with two heads, activations and summed gates',
  create: create({
    numLayers: 1,
    numHeads: 2,
    outerMixing: true,
    activation: 'silu',
    normalized: true,
    shortFilterSize: 4,
    trainPositions: true,
  }),
  fromPretrained,
});

const classifier = (fields: Partial<HyenaClassifierOptions>) => (overrides?: object) =>
  hyenaClassifier({...small, numLayers: 1, numLabels: 3, ...fields, ...overrides});

conformance({
  name: 'hyena classifier of the mean',
  kind: 'sequence-classifier',
  create: classifier({}),
  fromPretrained: (source) => fromPretrained<HyenaClassifier>(source),
});

conformance({
  name: 'hyena classifier of the position before padding',
  kind: 'sequence-classifier',
  create: classifier({pooling: 'before-padding', padToken: 0}),
  fromPretrained: (source) => fromPretrained<HyenaClassifier>(source),
});
