/**
 * What a sequence of T bytes costs MegaByte, whose patches are the power of two next to T^(1/3), and a Transformer of the
 * same widths: milliseconds of a forward pass and of a training step, milliseconds of a byte of a stream behind T / 2 others, and the pairs of positions that
 * attention looks at, with the exponents that fit all lengths. What models have learned does not matter here.
 *
 *     npx tsx apps/bench/examples/megabyte-cost.ts [--lengths 256,512,1024,2048,4096,8192,16384] [--width 128] [--layers 2]
 *         [--transformer-until 8192] [--repeats 5]
 */
import {parseArgs} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {type LanguageModel, Random, start} from '@variants/core';
import {card, megabyte} from '@variants/megabyte';
import {transformer} from '@variants/transformer';
import {exponentOf} from '../src/scaling/fit';

const {values: given} = parseArgs({
  options: {
    lengths: {type: 'string', default: '256,512,1024,2048,4096,8192,16384'},
    width: {type: 'string', default: '128'},
    layers: {type: 'string', default: '2'},
    'transformer-until': {type: 'string', default: '8192'},
    repeats: {type: 'string', default: '5'},
  },
});
const lengths = given.lengths.split(',').map(Number);
const [width, layers, until, repeats] = [given.width, given.layers, given['transformer-until'], given.repeats].map(
  Number,
);
const vocabSize = 256;

/** Patches as the card chooses them for a length. */
const stageLengthsOf = (maxSequenceLength: number) =>
  card.sized({parameters: 1e6, vocabSize, maxSequenceLength}).stageLengths;

const megabyteOf = (length: number) =>
  megabyte({
    ...{vocabSize, stageLengths: stageLengthsOf(length), hiddenSizes: [width, width / 2], numLayers: [layers, layers]},
    ...{numHeads: width / 64, headSize: 64},
  });

const transformerOf = (maxSequenceLength: number) =>
  transformer({vocabSize, hiddenSize: width, numLayers: layers, numHeads: width / 64, maxSequenceLength});

/** The least milliseconds of several runs, the first of which does not count. */
function timed(run: () => void): number {
  run();
  const times = Array.from({length: repeats}, () => {
    const began = performance.now();
    run();
    return performance.now() - began;
  });
  return Math.min(...times);
}

interface Costs {
  forward: number;
  step: number;
  byte: number;
}

function costsOf(model: LanguageModel, length: number): Costs {
  const random = new Random(0, 'bytes');
  const row = Array.from({length}, () => random.below(vocabSize));
  const tokens = tf.tensor2d([row], undefined, 'int32');
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const forward = timed(() => tf.tidy(() => void model.logits(tokens).sum().dataSync()));
  const step = timed(() =>
    tf.tidy(() => void tf.variableGrads(() => model.loss(tokens, tokens), variables).value.dataSync()),
  );
  const half = length / 2;
  let {logits, state} = model.stream(row.slice(0, half));
  logits.dispose();
  const began = performance.now();
  for (const token of row.slice(half, half + 128)) {
    ({logits, state} = model.stream([token], state));
    logits.dataSync();
    logits.dispose();
  }
  const byte = (performance.now() - began) / 128;
  state.dispose();
  tokens.dispose();
  model.dispose();
  return {forward, step, byte};
}

/** The pairs of positions that attention looks at, in a layer: causal ones, of stages with their start tokens. */
function pairs(length: number): number {
  const [patches, patchSize] = stageLengthsOf(length);
  const causal = (positions: number) => (positions * (positions + 1)) / 2;
  return causal(patches) + patches * causal(patchSize + 1);
}

await start();
console.log(
  '| T | patch | pairs | forward, ms | step, ms | byte, ms | Transformer: pairs | forward, ms | step, ms | byte, ms |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
const all: {length: number; own: Costs; other: Costs | null}[] = [];
const cellsOf = (costs: Costs | null) =>
  costs ? [costs.forward.toFixed(1), costs.step.toFixed(1), costs.byte.toFixed(3)] : ['-', '-', '-'];
for (const length of lengths) {
  const own = costsOf(megabyteOf(length), length);
  const other = length <= until ? costsOf(transformerOf(length), length) : null;
  all.push({length, own, other});
  const counted = [pairs(length), (length * (length + 1)) / 2].map((count) => count.toLocaleString('en'));
  const [, patchSize] = stageLengthsOf(length);
  console.log(`| ${[length, patchSize, counted[0], ...cellsOf(own), counted[1], ...cellsOf(other)].join(' | ')} |`);
}
const fitted = (of: (one: (typeof all)[number]) => number | undefined) =>
  exponentOf(
    all.flatMap((one) => {
      const value = of(one);
      return value === undefined ? [] : [{length: one.length, value}];
    }),
  )?.toFixed(2) ?? '';
const ownExponents = [fitted(({length}) => pairs(length)), fitted(({own}) => own.forward), fitted(({own}) => own.step)];
const otherExponents = [
  fitted(({length}) => length * (length + 1)),
  fitted(({other}) => other?.forward),
  fitted(({other}) => other?.step),
];
console.log(`| exponent | | ${[...ownExponents, '', ...otherExponents, ''].join(' | ')} |`);
