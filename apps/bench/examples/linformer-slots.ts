/**
 * What compression costs in quality: Linformers trained to tell hidden bytes of the default text, by slots and by who shares
 * matrices, beside attention to all positions (means of windows of one position, which compress nothing). Forms take turns.
 * Each run is printed when it is there, and a table in the end: nats of a hidden byte of held-out chapters and the share told
 * right, mean and range over the seeds.
 *
 *     npx tsx apps/bench/examples/linformer-slots.ts [--steps 1500] [--seeds 0,1,2] [--length 128] [--only 'layerwise, 32']
 */
import {parseArgs} from 'node:util';
import {byteTokenizer, start} from '@variants/core';
import {type LinformerOptions, linformer} from '@variants/linformer';
import {evaluate, maskedWindows, readText, train} from '@variants/train';
import Table from 'cli-table3';

const {values: given} = parseArgs({
  options: {
    steps: {type: 'string', default: '1500'},
    seeds: {type: 'string', default: '0,1,2'},
    length: {type: 'string', default: '128'},
    only: {type: 'string', default: ''},
  },
});
const [steps, length] = [Number(given.steps), Number(given.length)];
const seeds = given.seeds.split(',').map(Number);
const maskToken = byteTokenizer.vocabSize;
const shape = {vocabSize: maskToken + 1, hiddenSize: 64, numLayers: 4, numHeads: 2, maxSequenceLength: length};

const sharings = ['none', 'headwise', 'kv', 'layerwise'] as const;
const [few, some, many] = [8, 4, 2].map((part) => length / part);
const forms: {[name: string]: Partial<LinformerOptions>} = {
  'all positions': {compression: 'mean', compressedLength: length},
  ...Object.fromEntries(sharings.map((sharing) => [`${sharing}, ${some}`, {sharing, compressedLength: some}])),
  [`layerwise, ${few}`]: {compressedLength: few},
  [`layerwise, ${many}`]: {compressedLength: many},
  [`convolution, ${some}`]: {compression: 'convolution', sharing: 'headwise', compressedLength: some},
  [`mean, ${some}`]: {compression: 'mean', compressedLength: some},
  [`max, ${some}`]: {compression: 'max', compressedLength: some},
};

/** What a form came to with a seed. */
interface Run {
  parameters: number;
  /** Nats of a hidden byte. */
  loss: number;
  /** The share told right. */
  accuracy: number;
}

async function trained(form: string, seed: number): Promise<Run> {
  const model = linformer({...shape, ...forms[form], seed});
  const run = train(model, text.training, {steps, batchSize: 16, learningRate: 3e-3, clipNorm: 1, seed});
  for await (const _ of run);
  const {loss, accuracy = 0} = await evaluate(model, text.validation, {maxTokens: 65_536});
  const parameters = model.countParams();
  model.dispose();
  return {parameters, loss, accuracy};
}

await start();
const text = maskedWindows(await readText('moby-dick'), {sequenceLength: length, maskToken});
const chosen = Object.keys(forms).filter((form) => given.only === '' || form === given.only);
const runs = new Map<string, Run[]>(chosen.map((form) => [form, []]));
for (const seed of seeds)
  for (const form of chosen) {
    const run = await trained(form, seed);
    runs.get(form)?.push(run);
    console.log(`${form}, seed ${seed}: ${run.loss.toFixed(3)} nats, ${(100 * run.accuracy).toFixed(1)} %`);
  }

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const range = (values: number[]) => `${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)}`;
const table = new Table({head: ['form', 'parameters', 'nats', 'range', 'right'], style: {head: []}});
for (const [form, all] of runs) {
  const losses = all.map(({loss}) => loss);
  const right = `${(100 * mean(all.map(({accuracy}) => accuracy))).toFixed(1)} %`;
  table.push([form, all[0].parameters.toLocaleString('en'), mean(losses).toFixed(3), range(losses), right]);
}
console.log(`${steps} steps of 16 windows of ${length} bytes, ${seeds.length} seeds`);
console.log(table.toString());
