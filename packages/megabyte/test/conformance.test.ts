import {conformance} from '@variants-tooling/conformance';
import {
  fromPretrained,
  type MegabyteOptions,
  type MegabytePaper,
  type MegabytePaperOptions,
  megabyte,
  megabytePaper,
} from '../src';

const small = {
  vocabSize: 11,
  stageLengths: [6, 3],
  hiddenSizes: [16, 12],
  numLayers: [2, 1],
  intermediateSizes: [24, 16],
  numHeads: 2,
  headSize: 6,
};
const create =
  (fields: Partial<MegabyteOptions> = {}) =>
  (overrides?: object) =>
    megabyte({...small, ...fields, ...overrides});

const invalid: [overrides: {[field: string]: unknown}, message: RegExp][] = [
  [{stageLengths: [4]}, /stageLengths is \[4\], but must be a list of at least 2 whole numbers of at least 1/],
  [{stageLengths: [4, 0]}, /stageLengths is \[4,0\], but must be/],
  [{stageLengths: 4}, /stageLengths is 4, but must be/],
  [{hiddenSizes: [8, 1]}, /hiddenSizes is \[8,1\], but must be a list of at least 2 whole numbers of at least 2/],
  [
    {hiddenSizes: [8, 8, 8]},
    /hiddenSizes is \[8,8,8\], but must have 2 numbers, one for each stage of stageLengths \[6,3\]/,
  ],
  [{numLayers: [1, 1, 1]}, /numLayers is \[1,1,1\], but must have 2 numbers/],
  [{intermediateSizes: [8, 8, 8]}, /intermediateSizes is \[8,8,8\], but must have 2 numbers/],
  [{headSize: 5}, /headSize is 5, but must be even to be turned by positions \(or rotary be false\)/],
  [{padToken: 11}, /padToken is 11, but must be below vocabSize 11, or null/],
];

conformance({name: 'megabyte', create: create(), fromPretrained, invalid});

conformance({
  name: 'megabyte, three stages with learned positions',
  create: create({
    stageLengths: [4, 2, 2],
    hiddenSizes: [16, 12, 8],
    numLayers: [1, 1, 2],
    intermediateSizes: [16, 16, 24],
    rotary: false,
    learnedPositions: true,
  }),
  fromPretrained,
  longest: 16,
});

conformance({
  name: 'megabyte, patches of one token, no positions',
  create: create({stageLengths: [14, 1], rotary: false}),
  fromPretrained,
});

const smallPaper: MegabytePaperOptions = {
  vocabSize: 11,
  patchSize: 3,
  maxSequenceLength: 18,
  globalSize: 6,
  numGlobalLayers: 2,
  numGlobalHeads: 3,
  globalIntermediateSize: 24,
  localSize: 12,
  numLocalLayers: 1,
  numLocalHeads: 2,
  localIntermediateSize: 24,
};
const createPaper =
  (fields: Partial<MegabytePaperOptions> = {}) =>
  (overrides?: object) =>
    megabytePaper({...smallPaper, ...fields, ...overrides});

conformance({
  name: "megabyte, the paper's form",
  create: createPaper(),
  fromPretrained: (source) => fromPretrained<MegabytePaper>(source),
  invalid: [
    [{maxSequenceLength: 19}, /patchSize is 3, but must divide maxSequenceLength 19/],
    [{numLocalHeads: 5}, /numLocalHeads is 5, but must divide localSize 12/],
    [{numGlobalHeads: 4}, /numGlobalHeads is 4, but must divide the global model's width patchSize · globalSize, 18/],
    [{padToken: 11}, /padToken is 11, but must be below vocabSize 11, or null/],
  ],
});

conformance({
  name: "megabyte, the paper's form with patches of one token",
  create: createPaper({patchSize: 1, maxSequenceLength: 14, numGlobalHeads: 2}),
  fromPretrained: (source) => fromPretrained<MegabytePaper>(source),
});
