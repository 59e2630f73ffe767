import {conformance} from '@variants-tooling/conformance';
import {fromPretrained, type RetNetOptions, retnet} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24, chunkSize: 4};
const create = (fields: Partial<RetNetOptions>) => (overrides?: object) => retnet({...small, ...fields, ...overrides});

const invalid: [overrides: {[field: string]: unknown}, message: RegExp][] = [
  [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16/],
  [{numHeads: 16}, /heads of an even size/],
  [{valueSize: 33}, /must divide valueSize 33/],
  [{decays: [0.9]}, /decays has 1 entries, but must have one per head, 2/],
];

conformance({name: 'retnet', create: create({}), fromPretrained, invalid});

conformance({
  name: 'retnet, deepnorm, tied, gelu',
  create: create({
    normalization: 'deepnorm',
    tieEmbedding: true,
    embeddingNorm: true,
    scaleEmbedding: true,
    activation: 'gelu',
  }),
  fromPretrained,
});

conformance({
  name: 'retnet, chunkwise',
  create: create({form: 'chunkwise', gated: false, decays: [0.9, 0.99]}),
  fromPretrained,
});

conformance({
  name: "retnet, chunkwise as the authors' code",
  // The forms differ in the length of a vector before the norm over each head. With the epsilon of that norm, which is all
  // that could show it, out of the way they must agree (the authors' own advice for comparing them, torchscale issue 54).
  create: create({form: 'chunkwise', chunkNormalizer: 'torchscale', decays: [0.9, 0.99], normEpsilon: 1e-12}),
  fromPretrained,
});
