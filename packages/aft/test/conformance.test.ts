import {conformance} from '@variants-tooling/conformance';
import {type AftOptions, type AftVisionOptions, aft, aftVision, fromPretrained, visionFromPretrained} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, intermediateSize: 24, maxSequenceLength: 20};
const create = (fields: Partial<AftOptions>) => (overrides?: object) => aft({...small, ...fields, ...overrides});

conformance({
  name: 'aft, simple',
  create: create({variant: 'simple'}),
  fromPretrained,
  invalid: [
    [{variant: 'linear'}, /variant is "linear", but must be one of simple, full, local, conv/],
    [{windowSize: 3}, /windowSize is 3, but must be 0, as variant simple has none/],
    [{factorSize: 3}, /factorSize is 3, but must be 0, as variant simple has none/],
  ],
});

conformance({name: 'aft, full', create: create({variant: 'full', factorSize: 3}), fromPretrained});

conformance({
  name: 'aft, full, a matrix of biases, tied, without biases',
  create: create({variant: 'full', factorSize: 0, tieEmbedding: true, useBias: false}),
  fromPretrained,
});

conformance({
  name: 'aft, local',
  create: create({variant: 'local', windowSize: 4, factorSize: 3}),
  fromPretrained,
  invalid: [
    [{windowSize: 0}, /windowSize is 0, but must be at least 1/],
    [
      {maxSequenceLength: 0},
      /maxSequenceLength is 0, but must be at least 1, as variant local has biases for positions/,
    ],
  ],
});

conformance({
  name: 'aft, local, a window of one, a matrix of biases, a wider mixer',
  create: create({variant: 'local', windowSize: 1, factorSize: 0, mixerSize: 24}),
  fromPretrained,
});

conformance({
  name: 'aft, conv, without positions',
  create: create({variant: 'conv', numHeads: 2, kernelSize: 3, maxSequenceLength: 0}),
  fromPretrained,
});

conformance({
  name: 'aft, conv',
  create: create({variant: 'conv', numHeads: 4, kernelSize: 4}),
  fromPretrained,
  invalid: [
    [{numHeads: 3}, /numHeads is 3, but must divide mixerSize 16/],
    [{kernelSize: 0}, /kernelSize is 0, but must be at least 1/],
  ],
});

const images = {numClasses: 3, imageChannels: 2, patchSize: 2, hiddenSize: 8, numLayers: 1, intermediateSize: 16};
const grid = {gridRows: 4, gridColumns: 4};
const vision = (fields: Partial<AftVisionOptions>) => (overrides?: object) =>
  aftVision({...images, ...fields, ...overrides});

conformance({
  name: 'aft of images, conv',
  kind: 'image-classifier',
  create: vision({variant: 'conv', numHeads: 2, kernelSize: 3}),
  fromPretrained: visionFromPretrained,
  invalid: [[{gridRows: 2}, /gridRows is 2, but must be 0, as variant conv takes any/]],
});

for (const fields of [
  {variant: 'simple'},
  {variant: 'full', factorSize: 2},
  {variant: 'local', windowSize: 3, factorSize: 2},
] as const)
  conformance({
    name: `aft of images, ${fields.variant}`,
    kind: 'image-classifier',
    create: vision({...fields, ...grid}),
    fromPretrained: visionFromPretrained,
  });
