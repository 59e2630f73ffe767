import {conformance} from '@variants-tooling/conformance';
import {
  fromPretrained,
  type RoFormerClassifier,
  type RoFormerClassifierOptions,
  type RoFormerMasked,
  type RoFormerMaskedOptions,
  type RoFormerOptions,
  roformer,
  roformerClassifier,
  roformerMasked,
} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24, maxSequenceLength: 24};
const overfit = {steps: 100, learningRate: 0.02};

const invalid: [overrides: {[field: string]: unknown}, message: RegExp][] = [
  [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16/],
  [
    {numHeads: 16},
    /numHeads is 16, so that a head has hiddenSize \/ numHeads = 1 features, but must leave an even number/,
  ],
  [{padToken: 11}, /padToken is 11, but must be below vocabSize 11, or null/],
  [{ropeScaling: {type: 'stretch', factor: 2}}, /ropeScaling is .*type.* linear, ntk, dynamic/],
  [{ropeScaling: {type: 'linear', factor: 0.5}}, /ropeScaling is .*factor must be a number of at least 1/],
  [
    {ropeScaling: {type: 'longrope', factor: 2, originalMaxSequenceLength: 8, shortFactors: [1], longFactors: [2]}},
    /ropeScaling.shortFactors has 1 numbers, but must have 4, one for each pair of features/,
  ],
  [{norm: 'rms', embeddingSize: 8}, /embeddingSize is 8, but must be hiddenSize 16, as norm 'rms'/],
  [{rotaryPairing: 'thirds'}, /rotaryPairing is "thirds", but must be one of interleaved, halves/],
];

const causal = (fields: Partial<RoFormerOptions>) => (overrides?: object) =>
  roformer({...small, ...fields, ...overrides});

conformance({name: 'roformer', create: causal({}), fromPretrained, overfit, invalid});

conformance({
  name: 'roformer, narrow embeddings, turned values, halves',
  create: causal({embeddingSize: 12, rotaryValues: true, rotaryPairing: 'halves', padToken: null, typeVocabSize: 1}),
  fromPretrained,
  overfit,
});

conformance({
  name: 'roformer of the second version, scaled, of any length',
  create: causal({
    norm: 'rms',
    activation: 'relu',
    maxSequenceLength: null,
    ropeScaling: {type: 'yarn', factor: 4, originalMaxSequenceLength: 6},
  }),
  fromPretrained,
  overfit,
});

const masked = (fields: Partial<RoFormerMaskedOptions>) => (overrides?: object) =>
  roformerMasked({...small, ...fields, ...overrides});
const loadMasked: typeof fromPretrained<RoFormerMasked> = (source) => fromPretrained<RoFormerMasked>(source);

conformance({
  name: 'roformer for hidden tokens',
  kind: 'masked-language-model',
  create: masked({}),
  fromPretrained: loadMasked,
  overfit,
  invalid,
});

conformance({
  name: 'roformer for hidden tokens, narrow embeddings, turned values',
  kind: 'masked-language-model',
  create: masked({embeddingSize: 12, rotaryValues: true, typeVocabSize: 3, padToken: 4}),
  fromPretrained: loadMasked,
  overfit,
});

conformance({
  name: 'roformer-v2',
  kind: 'masked-language-model',
  create: masked({norm: 'rms', activation: 'relu'}),
  fromPretrained: loadMasked,
  overfit,
});

const classifier = (fields: Partial<RoFormerClassifierOptions>) => (overrides?: object) =>
  roformerClassifier({...small, numLabels: 3, ...fields, ...overrides});

conformance({
  name: 'roformer classifier',
  kind: 'sequence-classifier',
  create: classifier({}),
  fromPretrained: (source) => fromPretrained<RoFormerClassifier>(source),
  overfit,
  invalid: [...invalid, [{numLabels: 0}, /numLabels is 0, but must be a whole number of at least 1/]],
});

conformance({
  name: 'roformer classifier of the second version',
  kind: 'sequence-classifier',
  create: classifier({norm: 'rms', useBias: true}),
  fromPretrained: (source) => fromPretrained<RoFormerClassifier>(source),
  overfit,
});
