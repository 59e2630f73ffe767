import fc from 'fast-check';
import type {MultiQueryOptions, RopeScaling} from '../src';

const flag = fc.boolean();

const shared = {
  vocabSize: fc.integer({min: 3, max: 9}),
  numLayers: fc.integer({min: 1, max: 2}),
  // Multi-query, grouped and multi-head.
  heads: fc.constantFrom([1, 1], [2, 1], [3, 3], [4, 1], [4, 2], [4, 4]),
  headSize: fc.constantFrom(2, 4),
  hiddenSize: fc.constantFrom(8, 12),
  intermediateSize: fc.integer({min: 3, max: 40}),
  activation: fc.constantFrom('silu', 'gelu', 'geluTanh', 'relu', 'squaredRelu', 'tanh'),
  normEpsilon: fc.constantFrom(1e-5, 1e-6),
  attentionBias: flag,
  feedForwardBias: flag,
  tieEmbedding: flag,
  scaleAttention: flag,
  scaleAttentionByLayer: flag,
  window: fc.constantFrom(null, null, 3),
  dropout: fc.constantFrom(0, 0.1),
} as const;

const scalings: {[name: string]: RopeScaling | null} = {
  none: null,
  linear: {type: 'linear', factor: 2},
  dynamic: {type: 'dynamic', factor: 2, originalMaxSequenceLength: 8},
  yarn: {type: 'yarn', factor: 2, originalMaxSequenceLength: 8},
};

const ofLlama = fc.record({
  ...shared,
  maxSequenceLength: fc.constantFrom(null, 6, 16),
  rotaryBase: fc.constantFrom(10000, 500000),
  scaling: fc.constantFrom(...Object.keys(scalings)),
  layout: fc.constantFrom('llama', 'mistral', 'meta'),
});

const ofBigCode = fc.record({...shared, maxSequenceLength: fc.constantFrom(6, 16), normBias: flag});

const withHeads = <Drawn extends {heads: readonly number[]}>({
  heads: [numHeads, numKeyValueHeads],
  ...drawn
}: Drawn) => ({
  ...drawn,
  numHeads,
  numKeyValueHeads,
});

/** Any tiny decoder of either family, in any layout, with what the layout's authors have no field for too. */
export const anyOptions: fc.Arbitrary<MultiQueryOptions> = fc.oneof(
  ofLlama.map(({scaling, ...drawn}) => ({
    ...withHeads(drawn),
    family: 'llama' as const,
    ropeScaling: scalings[scaling],
  })),
  ofBigCode.map((drawn) => ({...withHeads(drawn), family: 'gptBigCode' as const})),
);
