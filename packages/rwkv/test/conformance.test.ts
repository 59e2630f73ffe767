import {conformance} from '@variants-tooling/conformance';
import {fromPretrained, type RwkvOptions, rwkv} from '../src';
import {versions} from '../src/config';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, intermediateSize: 24};
const ofVersion: {[version: number]: Partial<RwkvOptions>} = {
  4: {},
  5: {numHeads: 2},
  6: {numHeads: 2, mixRank: 3, decayRank: 4},
  7: {numHeads: 2, decayRank: 3, learningRateRank: 4, valueRank: 2, gateRank: 5},
};
const create =
  ({version, ...fields}: Partial<RwkvOptions> & Pick<RwkvOptions, 'version'>) =>
  (overrides?: object) =>
    rwkv({...small, version, ...ofVersion[version as number], ...fields, ...overrides});

const invalid: {[version: number]: [overrides: {[field: string]: unknown}, message: RegExp][]} = {
  4: [
    [{version: 3}, /version is 3, but must be one of 4, 5, 6, 7/],
    [{numHeads: 2}, /numHeads is 2, but must be 0, as version 4 has none/],
    [{rescaleEvery: -1}, /rescaleEvery is -1, but must be a whole number of at least 0/],
    [{logitPenalty: -1}, /logitPenalty is -1, but must be a number of at least 0/],
  ],
  5: [
    [{numHeads: 0}, /numHeads is 0, but must be at least 1/],
    [{numHeads: 3}, /numHeads is 3, but must divide attentionSize 16/],
    [{mixRank: 3}, /mixRank is 3, but must be 0, as version 5 has none/],
    [{initialState: true}, /initialState is true, but must be false, as version 5 has none/],
  ],
  6: [[{decayRank: 0}, /decayRank is 0, but must be at least 1/]],
  7: [[{mixRank: 2}, /mixRank is 2, but must be 0, as version 7 has none/]],
};

for (const version of versions)
  conformance({name: `rwkv ${version}`, create: create({version}), fromPretrained, invalid: invalid[version]});

conformance({
  name: 'rwkv 6, a learned first state, another width of attention',
  create: create({version: 6, initialState: true, attentionSize: 24}),
  fromPretrained,
});

conformance({
  name: 'rwkv 7, another width of attention, three layers',
  create: create({version: 7, attentionSize: 24, numLayers: 3}),
  fromPretrained,
});

conformance({
  name: 'rwkv 4, another width of attention, penalized logits',
  create: create({version: 4, attentionSize: 24, logitPenalty: 1e-4}),
  fromPretrained,
});
