/**
 * LongNet or Hyena trained on windows of 32,768 bytes of the default text: loss, time and memory of each step. A Transformer of
 * this shape would compare half a billion pairs of positions in each head and layer.
 *
 *     npx tsx apps/bench/examples/long-bytes.ts [--architecture longnet] [--length 32768] [--steps 5] [--width 128]
 *       [--layers 2] [--batch 1] [--learning-rate 0.001] [--seed 0] [--checkpointing]
 *
 * With `--architecture hyena` the same is done with Hyena; `transformer` is there for shorter lengths.
 */
import {parseArgs} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {type LanguageModel, start} from '@variants/core';
import {hyena} from '@variants/hyena';
import {longnet} from '@variants/longnet';
import {readText, textWindows, train} from '@variants/train';
import {transformer} from '@variants/transformer';
import {formatBytes} from '../src/bytes';
import {median} from '../src/decoding';

const {values: given} = parseArgs({
  options: {
    architecture: {type: 'string', default: 'longnet'},
    length: {type: 'string', default: '32768'},
    steps: {type: 'string', default: '5'},
    width: {type: 'string', default: '128'},
    layers: {type: 'string', default: '2'},
    batch: {type: 'string', default: '1'},
    'learning-rate': {type: 'string', default: '0.001'},
    seed: {type: 'string', default: '0'},
    checkpointing: {type: 'boolean', default: false},
  },
});
const [length, steps, width, numLayers, batchSize, learningRate, seed] = [
  ...[given.length, given.steps, given.width, given.layers, given.batch, given['learning-rate'], given.seed],
].map(Number);
const shape = {vocabSize: 256, hiddenSize: width, numLayers, tieEmbedding: true, seed};

const create: {[name: string]: () => LanguageModel} = {
  longnet: () => longnet({...shape, numHeads: 4, ...patternsUpTo(length)}),
  hyena: () => hyena({...shape, maxSequenceLength: length}),
  transformer: () => transformer({...shape, numHeads: 4, maxSequenceLength: length}),
};

/** Segments of 128 positions and of up to the whole length, each four times as long, and as sparse, as the one before. */
function patternsUpTo(longest: number): {segmentLengths: number[]; dilations: number[]} {
  const count = 1 + Math.max(0, Math.ceil(Math.log(longest / 128) / Math.log(4)));
  const dilations = Array.from({length: count}, (_, i) => 4 ** i);
  return {segmentLengths: dilations.map((dilation) => 128 * dilation), dilations};
}

if (!Object.hasOwn(create, given.architecture))
  throw new Error(`--architecture is ${given.architecture}, but must be one of ${Object.keys(create).join(', ')}`);
await start();
const {training} = textWindows(await readText('moby-dick'), {sequenceLength: length});
const model = create[given.architecture]();
console.log(
  `${given.architecture}: ${model.countParams().toLocaleString('en')} parameters, ${batchSize} windows of ${length.toLocaleString('en')} bytes a step`,
);

/** The most that the engine held, and the process. */
const most = {engine: 0, process: 0};
const times: number[] = [];
let before = performance.now();
for await (const {number, loss} of train(model, training, {
  ...{steps, batchSize, learningRate, seed, gradientCheckpointing: given.checkpointing},
})) {
  times.push(performance.now() - before);
  const {numBytesInEngineAllocated = 0} = tf.memory() as {numBytesInEngineAllocated?: number};
  most.engine = Math.max(most.engine, numBytesInEngineAllocated);
  most.process = Math.max(most.process, process.memoryUsage.rss());
  const seconds = (times[times.length - 1] / 1000).toFixed(2);
  console.log(`step ${number}: loss ${loss.toFixed(3)}, ${seconds} s, engine ${formatBytes(most.engine)}`);
  before = performance.now();
}
// The first step grows the memory.
const usual = median(times.slice(Math.min(1, times.length - 1))) / 1000;
console.log(
  `${usual.toFixed(2)} s a step, ${((batchSize * length) / usual).toFixed(0)} bytes of text a second; engine ${formatBytes(most.engine)}, process ${formatBytes(most.process)}`,
);
model.dispose();
