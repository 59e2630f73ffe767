import {conformance} from '@variants-tooling/conformance';
import {fromPretrained, type ReformerOptions, reformer} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, intermediateSize: 24};
const create = (fields: Partial<ReformerOptions>) => (overrides?: object) =>
  reformer({...small, ...fields, ...overrides});

// REPLACE: a call for each form that the model has; what its rules refuse.
const invalid: [overrides: {[field: string]: unknown}, message: RegExp][] = [
  [{valueSize: 0}, /valueSize is 0, but must be a whole number of at least 1/],
];

conformance({name: 'reformer', create: create({}), fromPretrained, invalid});

conformance({
  name: 'reformer, tied, wide values',
  create: create({tieEmbedding: true, valueSize: 24}),
  fromPretrained,
});
