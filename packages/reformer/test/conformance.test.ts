import {conformance} from '@variants-tooling/conformance';
import {
  fromPretrained,
  type ReformerClassifier,
  type ReformerMasked,
  type ReformerOptions,
  reformer,
  reformerClassifier,
  reformerMasked,
} from '../src';

const small = {
  ...{vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24, maxSequenceLength: 64},
  ...{localChunkLength: 4, lshChunkLength: 4, numBuckets: 4},
};
type Overrides = {[field: string]: unknown};
const create = (fields: Partial<ReformerOptions>) => (overrides?: Overrides) =>
  reformer({...small, ...fields, ...overrides});

const invalid: [overrides: Overrides, message: RegExp][] = [
  [{numBuckets: 3}, /numBuckets is 3, but must be an even number of at least 2, or a list of them/],
  [{numBuckets: [4, 5]}, /numBuckets is .*, but must be an even number/],
  [{attentionTypes: ['global']}, /attentionTypes is .*, but must be a list of local and lsh/],
  [{localChunksAfter: 1}, /localChunksAfter is 1, but must be 0, as the model is causal/],
  [{lshChunksAfter: 2}, /lshChunksAfter is 2, but must be 0/],
  [{axialShape: [3, 5]}, /axialShape is \[3,5\], but its product must be maxSequenceLength 64/],
  [{axialSizes: [3, 5]}, /axialSizes is \[3,5\], but must add up to hiddenSize 16/],
  [{axialSizes: [16]}, /axialSizes is \[16\], but must have as many numbers as axialShape/],
  [{padToken: 11}, /padToken is 11, but must be below vocabSize 11/],
];

conformance({name: 'reformer, local attention', create: create({attentionTypes: ['local']}), fromPretrained, invalid});

// A sequence that fits into a chunk is not hashed: LSH attention is then causal attention, and a stream gives what the whole does.
conformance({
  name: 'reformer, both attentions within a chunk',
  create: create({lshChunkLength: 16, positions: 'learned', localChunksBefore: 2, activation: 'gelu'}),
  fromPretrained,
});

conformance({
  name: 'reformer, hashed',
  create: create({numHashes: 2, numBuckets: [2, 4], feedForwardChunkLength: 3, headChunkLength: 5}),
  choosesByContent: true,
  fromPretrained,
});

conformance({
  name: 'reformer',
  kind: 'masked-language-model',
  create: (overrides) => reformerMasked({...small, numHashes: 2, ...overrides}),
  fromPretrained: (source) => fromPretrained<ReformerMasked>(source),
  mixesPadding: true,
});

conformance({
  name: 'reformer',
  kind: 'sequence-classifier',
  create: (overrides) => reformerClassifier({...small, numLabels: 3, ...overrides}),
  fromPretrained: (source) => fromPretrained<ReformerClassifier>(source),
  mixesPadding: true,
});
