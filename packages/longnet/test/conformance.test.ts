import {conformance} from '@variants-tooling/conformance';
import {
  fromPretrained,
  type LongNetEncoder,
  type LongNetEncoderOptions,
  type LongNetOptions,
  longnet,
  longnetEncoder,
  ops,
} from '../src';

const small = {
  ...{vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24},
  ...{segmentLengths: [2, 4, 8], dilations: [1, 2, 3]},
};
const create = (fields: Partial<LongNetOptions>) => (overrides?: object) =>
  longnet({...small, ...fields, ...overrides});

const lists = 'a list of 1 to 64 whole numbers of at least 1';
const invalid: [overrides: {[field: string]: unknown}, message: RegExp][] = [
  [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16/],
  [{numHeads: 16}, /a head has 1 features, but must have an even number for xPos/],
  [{segmentLengths: []}, new RegExp(`segmentLengths is \\[\\], but must be ${lists}, or one such list for each layer`)],
  [{segmentLengths: [2, 4]}, /dilations has 3 numbers, but must have one for each of 2 segmentLengths/],
  [{dilations: [1, 0, 2]}, new RegExp(`dilations is .*, but must be ${lists}`)],
  [{segmentLengths: [[2], [2], [2]]}, /segmentLengths has 3 lists, but must have one for each of numLayers 2/],
  [
    {segmentLengths: [2, 4, 70000]},
    /segmentLengths has 70000, but with xPos must be at most 128 times xPosScaleBase 512/,
  ],
  [{normalization: 'deepnorm', subLayerNorm: true}, /subLayerNorm is true, but normalization deepnorm has none/],
  [{learnedPositions: 0}, /learnedPositions is 0, but must be a whole number of at least 1, or nothing/],
];

conformance({name: 'longnet', create: create({}), fromPretrained, invalid});

conformance({
  name: 'longnet, learned positions, tied, positions that nobody keeps, shares differentiated',
  create: create({
    ...{xPos: false, learnedPositions: 20, tieEmbedding: true, differentiateShares: true},
    ...{segmentLengths: [3, 5], dilations: [2, 3], embeddingNorm: true, scaleEmbedding: true},
  }),
  fromPretrained,
});

conformance({
  name: 'longnet, deepnorm, further in each layer',
  create: (overrides: {numLayers?: number} = {}) => {
    const {numLayers = 2} = overrides;
    const patterns = ops.patternsOverLayers({segmentLengths: [3, 6], dilations: [1, 2]}, numLayers);
    return longnet({...small, ...patterns, normalization: 'deepnorm', activation: 'relu', ...overrides});
  },
  fromPretrained,
});

const encoder = (fields: Partial<LongNetEncoderOptions>) => (overrides?: object) =>
  longnetEncoder({...small, ...fields, ...overrides});
const loadEncoder: typeof fromPretrained<LongNetEncoder> = (source) => fromPretrained<LongNetEncoder>(source);
// One segment holds all that is tried, so that every token reaches every other.
const wide = {segmentLengths: [4, 16], dilations: [1, 1]};

conformance({
  name: 'longnet encoder, padding and filling hidden',
  kind: 'masked-language-model',
  create: encoder({...wide, padToken: 0, maskFilling: true}),
  fromPretrained: loadEncoder,
  invalid: [
    [{padToken: 11}, /padToken is 11, but must be below vocabSize 11, or null/],
    [
      {normalization: 'deepnorm', subLayerNorm: false, outputNorm: true},
      /outputNorm is true, but normalization deepnorm has none/,
    ],
  ],
});

conformance({
  name: 'longnet encoder, deepnorm, learned positions, as the authors fill segments',
  kind: 'masked-language-model',
  create: encoder({...wide, normalization: 'deepnorm', xPos: false, learnedPositions: 20}),
  fromPretrained: loadEncoder,
  mixesPadding: true,
});
