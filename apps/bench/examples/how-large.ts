/**
 * How large a model this machine trains: the speed of a step of a Transformer of a given size, and the memory of the process.
 *
 *     npx tsx apps/bench/examples/how-large.ts [width 256] [layers 7] [windows of 256 bytes in a step 8] [steps 5]
 */
import {start} from '@variants/core';
import {readText, textWindows, train} from '@variants/train';
import {transformer} from '@variants/transformer';

const [width = 256, layers = 7, windows = 8, steps = 5] = process.argv.slice(2).map(Number);

await start({engine: 'simd'});
const model = transformer({
  ...{vocabSize: 256, maxSequenceLength: 256},
  ...{hiddenSize: width, numLayers: layers, numHeads: Math.max(1, Math.round(width / 32))},
});
const {training} = textWindows(await readText('moby-dick'), {sequenceLength: 256});
const speeds: number[] = [];
for await (const {tokensPerSecond} of train(model, training, {steps, batchSize: windows, learningRate: 1e-3}))
  speeds.push(tokensPerSecond);
// The first step makes the weights' moments, and is slower.
const median = speeds.slice(1).sort((a, b) => a - b)[Math.floor((steps - 1) / 2)];
const peak = process.resourceUsage().maxRSS / 2 ** 20;
console.log(`${model.countParams().toLocaleString('en')} parameters, ${windows} windows of 256 in a step`);
console.log(`${Math.round(median).toLocaleString('en')} tokens/s, ${peak.toFixed(1)} GiB of memory at most`);
