import {conformance} from '@variants-tooling/conformance';
import {
  fromPretrained,
  type PerformerEncoderDecoder,
  type PerformerEncoderDecoderOptions,
  type PerformerMasked,
  type PerformerMaskedOptions,
  type PerformerOptions,
  performer,
  performerEncoderDecoder,
  performerMasked,
} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24};
const causal = (fields: Partial<PerformerOptions>) => (overrides?: object) =>
  performer({...small, chunkSize: 4, ...fields, ...overrides});
const masked = (fields: Partial<PerformerMaskedOptions>) => (overrides?: object) =>
  performerMasked({...small, padToken: 0, ...fields, ...overrides});

const invalid: [overrides: {[field: string]: unknown}, message: RegExp][] = [
  [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16, or headSize be given/],
  [{headSize: 5}, /headSize is 5, but must be even/],
  [{localHeads: 3}, /localHeads is 3, but must be at most numHeads 2/],
  [{localHeads: [1]}, /localHeads is \[1\], but must be one number or one for each of numLayers 2/],
  [
    {positions: 'axial', maxSequenceLength: 12, axialShape: [2, 5]},
    /axialShape is \[2,5\], but must have as many places/,
  ],
  [{axialShape: [2, 5]}, /axialShape is \[2,5\], but must be nothing with positions rotary/],
  [{features: 'sine'}, /features is .*sine.*, but must be one of softmax, relu, exp, gelu, elu, none/],
  [{redrawInterval: 0}, /redrawInterval is 0/],
];

conformance({name: 'performer', create: causal({}), fromPretrained, invalid});

conformance({
  name: 'performer, relu features, gated, tied',
  create: causal({features: 'relu', gated: true, tieEmbedding: true, norm: 'scale'}),
  fromPretrained,
});

conformance({
  name: 'performer, local heads, shifted tokens',
  create: causal({localHeads: 1, localWindow: 3, shiftTokens: true, useBias: true, useOutputBias: true}),
  fromPretrained,
});

conformance({
  name: 'performer, local heads alone',
  create: causal({localHeads: 2, localWindow: 4, positions: 'learned', maxSequenceLength: 18}),
  fromPretrained,
});

conformance({
  name: 'performer, axial positions, no random features, rezero',
  create: causal({
    ...{positions: 'axial', maxSequenceLength: 16, axialShape: [4, 4], headSize: 6},
    ...{features: 'none', norm: 'rezero'},
  }),
  fromPretrained,
});

conformance({
  name: 'performer, learned positions, two streams, few features',
  create: causal({positions: 'learned', maxSequenceLength: 16, reversible: true, numFeatures: 5, redrawInterval: 2}),
  fromPretrained,
});

conformance({
  name: 'performer, both ways',
  kind: 'masked-language-model',
  create: masked({}),
  fromPretrained: (source) => fromPretrained<PerformerMasked>(source),
});

conformance({
  name: 'performer, both ways, local heads, shifted tokens, elu features',
  kind: 'masked-language-model',
  create: masked({localHeads: 1, localWindow: 4, shiftTokens: true, features: 'elu', maxSequenceLength: 14}),
  fromPretrained: (source) => fromPretrained<PerformerMasked>(source),
});

const side = {numLayers: 1, numHeads: 2, intermediateSize: 24};
const pair = (fields: Partial<PerformerEncoderDecoderOptions>) => (overrides?: object) =>
  performerEncoderDecoder({
    ...{sourceVocabSize: 11, targetVocabSize: 9, hiddenSize: 16},
    ...{encoder: side, decoder: {...side, chunkSize: 4}},
    ...fields,
    ...overrides,
  });

conformance({
  name: 'performer, encoder and decoder',
  kind: 'sequence-to-sequence',
  create: pair({}),
  fromPretrained: (source) => fromPretrained<PerformerEncoderDecoder>(source),
  invalid: [
    [{encoder: {numHeads: 3}}, /encoder: numHeads is 3, but must divide hiddenSize 16/],
    [{decoder: {noField: 1}}, /decoder: unknown field noField/],
  ],
});

conformance({
  name: 'performer, encoder and decoder that share their tokens, relu features',
  kind: 'sequence-to-sequence',
  create: pair({
    ...{targetVocabSize: 11, shareEmbeddings: true, tieEmbedding: true},
    ...{
      decoder: {...side, features: 'relu', shiftTokens: true},
      encoder: {...side, positions: 'learned', maxSequenceLength: 20},
    },
  }),
  fromPretrained: (source) => fromPretrained<PerformerEncoderDecoder>(source),
});
