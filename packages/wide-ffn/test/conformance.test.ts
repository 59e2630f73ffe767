import {conformance} from '@variants-tooling/conformance';
import {fromPretrained, schemes, type WideFfnOptions, wideFfn} from '../src';

const small: WideFfnOptions = {
  sourceVocabSize: 11,
  hiddenSize: 16,
  numHeads: 2,
  numEncoderLayers: 2,
  numDecoderLayers: 2,
  maxSequenceLength: 16,
};
const create = (fields: Partial<WideFfnOptions>) => (overrides?: object) =>
  wideFfn({...small, ...fields, ...overrides});
const form = {kind: 'sequence-to-sequence', fromPretrained} as const;

conformance({
  ...form,
  name: 'wide-ffn',
  create: create({}),
  invalid: [
    [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16/],
    [{padToken: 11}, /padToken is 11, but must be below sourceVocabSize 11/],
    [{decoderIntermediateSize: 8}, /decoderIntermediateSize is 8, but must be 0, as decoderFfn none has none/],
  ],
});

conformance({
  ...form,
  name: 'wide-ffn, pre-norm, one feed-forward for both stacks',
  create: create({...schemes.sharedEncDec, normalization: 'pre', padToken: 0}),
});

conformance({
  ...form,
  name: 'wide-ffn, groups of layers, shared attention, own norms',
  create: create({
    encoderFfn: 'cycleRev',
    encoderFfnGroups: 2,
    numEncoderLayers: 3,
    decoderFfn: 'shared',
    shareFfnNorm: false,
    encoderSelfAttention: 'shared',
    decoderSelfAttention: 'shared',
    decoderCrossAttention: 'shared',
    activation: 'gelu',
  }),
});

conformance({
  ...form,
  name: 'wide-ffn, decoder-only',
  create: create({decoderOnly: true, numEncoderLayers: 0}),
  invalid: [
    [{numEncoderLayers: 1}, /numEncoderLayers is 1, but must be 0 where decoderOnly is true/],
    [
      {encoderFfn: 'shared', intermediateSize: 8},
      /encoderFfn is "shared", but must be "none" where decoderOnly is true/,
    ],
  ],
});
