import fc from 'fast-check';
import type {WideFfnOptions} from '../src';
import {type Sharing, sharings} from '../src/sharing';

const anySharing = fc.constantFrom<Sharing>(...sharings);
const anyAttention = fc.constantFrom('individual', 'shared');
const widthOf = (sharing: Sharing, width: number) => (sharing === 'none' ? 0 : width);
const groupsOf = (sharing: Sharing, groups: number, layers: number) =>
  ['sequence', 'cycle', 'cycleRev'].includes(sharing) ? Math.min(groups, layers) : 1;

/** Any small model. */
export const anyOptions: fc.Arbitrary<WideFfnOptions> = fc
  .record({
    sourceVocabSize: fc.integer({min: 4, max: 9}),
    numDecoderHeads: fc.constantFrom(1, 2, 4),
    numHeads: fc.constantFrom(1, 2),
    numEncoderLayers: fc.integer({min: 1, max: 4}),
    numDecoderLayers: fc.integer({min: 1, max: 4}),
    encoderFfn: anySharing,
    decoderFfn: anySharing,
    intermediateSize: fc.integer({min: 1, max: 9}),
    decoderIntermediateSize: fc.integer({min: 1, max: 9}),
    encoderFfnGroups: fc.integer({min: 1, max: 3}),
    decoderFfnGroups: fc.integer({min: 1, max: 3}),
    shareFfnNorm: fc.boolean(),
    encoderSelfAttention: anyAttention,
    decoderSelfAttention: anyAttention,
    decoderCrossAttention: anyAttention,
    normalization: fc.constantFrom('pre', 'post'),
    decoderNormalization: fc.constantFrom('pre', 'post'),
    activation: fc.constantFrom('relu', 'gelu', 'silu'),
    normEpsilon: fc.constantFrom(1e-5, 1e-3),
    labelSmoothing: fc.constantFrom(0, 0.1),
    maxTargetRatio: fc.constantFrom(0, 1.2),
    maxTargetExtra: fc.integer({min: 1, max: 9}),
    padToken: fc.integer({min: 0, max: 1}),
    endToken: fc.integer({min: 2, max: 3}),
    maxSequenceLength: fc.integer({min: 6, max: 9}),
    dropout: fc.constantFrom(0, 0.1),
    decoderOnly: fc.boolean(),
    across: fc.boolean(),
  } as const)
  .map(({across, ...given}): WideFfnOptions => {
    const options: WideFfnOptions = {
      ...given,
      hiddenSize: 8,
      intermediateSize: widthOf(given.encoderFfn, given.intermediateSize),
      decoderIntermediateSize: widthOf(given.decoderFfn, given.decoderIntermediateSize),
      encoderFfnGroups: groupsOf(given.encoderFfn, given.encoderFfnGroups, given.numEncoderLayers),
      decoderFfnGroups: groupsOf(given.decoderFfn, given.decoderFfnGroups, given.numDecoderLayers),
    };
    if (given.decoderOnly)
      return {
        ...options,
        ...{numHeads: given.numDecoderHeads, numEncoderLayers: 0, normalization: given.decoderNormalization},
        ...{encoderFfn: 'none', intermediateSize: 0, encoderFfnGroups: 1},
        ...{encoderSelfAttention: 'individual', decoderCrossAttention: 'individual'},
      };
    const both = {encoderFfn: 'shared', decoderFfn: 'shared', encoderFfnGroups: 1, decoderFfnGroups: 1} as const;
    return across
      ? {...options, ...both, intermediateSize: 5, decoderIntermediateSize: 5, shareFfnAcross: true}
      : options;
  });
