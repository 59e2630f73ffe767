import {conformance} from '@variants-tooling/conformance';
import {fromPretrained, type RwkvOptions, rwkv} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, intermediateSize: 24};
const create = (fields: Partial<RwkvOptions>) => (overrides?: object) => rwkv({...small, ...fields, ...overrides});

const invalid: [overrides: {[field: string]: unknown}, message: RegExp][] = [
  [{version: 3}, /version is 3, but must be one of 4/],
  [{rescaleEvery: -1}, /rescaleEvery is -1, but must be a whole number of at least 0/],
  [{logitPenalty: -1}, /logitPenalty is -1, but must be a number of at least 0/],
];

conformance({name: 'rwkv 4', create: create({version: 4}), fromPretrained, invalid});

conformance({
  name: 'rwkv 4, another width of attention, penalized logits',
  create: create({version: 4, attentionSize: 24, logitPenalty: 1e-4}),
  fromPretrained,
});
