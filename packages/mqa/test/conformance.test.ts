import {conformance} from '@variants-tooling/conformance';
import {fromPretrained, type MultiQueryOptions, mqa} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 4, intermediateSize: 24, maxSequenceLength: 16};
const create = (fields: Partial<MultiQueryOptions>) => (overrides?: object) => mqa({...small, ...fields, ...overrides});

conformance({
  name: 'mqa, one head of keys and values',
  create: create({}),
  fromPretrained,
  invalid: [
    [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16/],
    [{numKeyValueHeads: 3}, /numKeyValueHeads is 3, but must divide numHeads 4/],
    [{numKeyValueHeads: 8}, /numKeyValueHeads is 8, but must divide numHeads 4/],
    [{numKeyValueHeads: 0}, /numKeyValueHeads is 0, but must be a whole number of at least 1/],
    [{headSize: 5}, /headSize is 5, but must be even/],
  ],
});

conformance({
  name: 'mqa, grouped heads, interleaved pairs',
  create: create({numKeyValueHeads: 2, rotaryPairing: 'interleaved', attentionBias: true}),
  fromPretrained,
});

conformance({
  name: 'mqa, Mistral: grouped heads and a window',
  create: create({numKeyValueHeads: 2, window: 5}),
  fromPretrained,
  invalid: [[{window: 0}, /window is 0, but must be a whole number of at least 1, or nothing/]],
});

conformance({
  name: 'mqa, GPTBigCode',
  create: create({family: 'gptBigCode'}),
  fromPretrained,
  invalid: [
    [{maxSequenceLength: null}, /maxSequenceLength is null, but family gptBigCode has a learned position each/],
  ],
});

conformance({
  name: 'mqa, GPTBigCode without multi-query',
  create: create({family: 'gptBigCode', numKeyValueHeads: 4}),
  fromPretrained,
});

conformance({
  name: 'mqa, GPTBigCode with grouped heads',
  create: create({family: 'gptBigCode', numKeyValueHeads: 2, tieEmbedding: false}),
  fromPretrained,
});
