/**
 * A multi-head Transformer made into grouped and multi-query ones, and trained on: loss before, after pooling the heads of
 * keys and values, and after uptraining, on held-out chapters of the default text (Ainslie et al. 2023, section 2.1). Takes a
 * minute or two on two cores.
 *
 *     npx tsx apps/bench/examples/uptrain.ts [--steps 800] [--share 0.05] [--seed 0]
 */
import {parseArgs} from 'node:util';
import {type LanguageModel, start} from '@variants/core';
import {meanPoolKeyValueHeads} from '@variants/mqa';
import {evaluate, readText, textWindows, train} from '@variants/train';
import {transformer} from '@variants/transformer';
import Table from 'cli-table3';

const {values: given} = parseArgs({
  options: {
    steps: {type: 'string', default: '800'},
    // Of the steps, those of uptraining: the paper's 5 %.
    share: {type: 'string', default: '0.05'},
    seed: {type: 'string', default: '0'},
  },
});
const [steps, share, seed] = [given.steps, given.share, given.seed].map(Number);
const numHeads = 4;
const learningRate = 3e-3;

await start();
const text = textWindows(await readText('moby-dick'), {sequenceLength: 128});

async function trainFor(model: LanguageModel, numSteps: number, learningRate: number): Promise<void> {
  const run = train(model, text.training, {steps: numSteps, batchSize: 16, learningRate, schedule: 'cosine', seed});
  for await (const _ of run.withProgress());
}

const lossOf = async (model: LanguageModel) => (await evaluate(model, text.validation, {maxTokens: 32_768})).loss;

const model = transformer({
  ...{vocabSize: 256, hiddenSize: 64, numLayers: 2, numHeads, maxSequenceLength: 128, layout: 'huggingface'},
  ...{tieEmbedding: true, seed},
});
await trainFor(model, steps, learningRate);

const uptraining = Math.round(share * steps);
const table = new Table({
  head: ['heads of keys and values', 'parameters', 'after pooling', `after ${uptraining} more steps`],
  style: {head: []},
});
const shown = (loss: number) => `${loss.toFixed(3)} nats a byte`;
const before = await lossOf(model);
for (const numKeyValueHeads of [numHeads, numHeads / 2, 1]) {
  const pooled = meanPoolKeyValueHeads(model, {numKeyValueHeads});
  const pooledLoss = await lossOf(pooled);
  await trainFor(pooled, uptraining, learningRate);
  table.push([numKeyValueHeads, pooled.countParams(), shown(pooledLoss), shown(await lossOf(pooled))]);
  pooled.dispose();
}
console.log(`The multi-head model after ${steps} steps: ${shown(before)}`);
console.log(table.toString());
