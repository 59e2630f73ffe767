/**
 * A hybrid, three blocks of retention to one of attention, beside its pure parents at equal parameters and equal steps: on
 * the default text and on multi-query associative recall.
 *
 *     npx tsx apps/bench/examples/hybrid.ts [--steps 1000] [--only RetNet] [--task text]
 */
import {parseArgs} from 'node:util';
import {type CausalLayer, languageModel, type MixedLanguageModel, start} from '@variants/core';
import {layers as retNet} from '@variants/retnet';
import {evaluate, evaluateTask, readText, taskBatches, tasks, textWindows, train} from '@variants/train';
import {layers as attention} from '@variants/transformer';
import Table from 'cli-table3';

const {values: given} = parseArgs({
  options: {steps: {type: 'string', default: '1000'}, only: {type: 'string'}, task: {type: 'string'}},
});
const steps = Number(given.steps);
const hiddenSize = 64;
const numHeads = 2;
const parameters = 200_000;
const seeds = [0, 1, 2];

type MakeBlock = (intermediateSize: number) => CausalLayer;
const retention: MakeBlock = (intermediateSize) => retNet.retNetBlock({numHeads, intermediateSize});
const attending: MakeBlock = (intermediateSize) =>
  attention.transformerBlock({
    attention: {numHeads, useBias: false, rotary: {frequencies: rotations}},
    intermediateSize,
    gated: true,
    feedForwardBias: false,
    activation: 'silu',
  });
const rotations = Array.from(
  {length: hiddenSize / numHeads / 2},
  (_, i) => 10000 ** ((-2 * i * numHeads) / hiddenSize),
);

const chains: {[name: string]: MakeBlock[]} = {
  RetNet: [retention, retention, retention, retention],
  Transformer: [attending, attending, attending, attending],
  hybrid: [retention, retention, attending, retention],
};

/** The model whose feed-forwards are as wide as the wanted number of parameters allows. */
function sized(chain: MakeBlock[], seed: number): MixedLanguageModel {
  const make = (intermediateSize: number) =>
    languageModel({
      vocabSize: 256,
      hiddenSize,
      tieEmbedding: true,
      seed,
      blocks: chain.map((block) => block(intermediateSize)),
    });
  const count = (intermediateSize: number) => {
    const model = make(intermediateSize);
    const size = model.countParams();
    model.dispose();
    return size;
  };
  const [one, two] = [count(1), count(2)];
  return make(Math.round((parameters - one) / (two - one)) + 1);
}

/** Trains a fresh model, and gives what `score` makes of it. */
async function scored(
  chain: MakeBlock[],
  seed: number,
  source: Parameters<typeof train>[1],
  batchSize: number,
  score: (model: MixedLanguageModel) => Promise<number>,
): Promise<number> {
  const model = sized(chain, seed);
  const run = train(model, source, {steps, batchSize, learningRate: 3e-3, schedule: 'cosine', seed});
  for await (const _ of run.withProgress());
  const result = await score(model);
  model.dispose();
  return result;
}

const shown = (values: number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return `${mean.toFixed(3)} (${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)})`;
};

await start();
const text = textWindows(await readText('moby-dick'), {sequenceLength: 128});
const recall = {config: tasks.mqar.sizes.quick.config};
const test = taskBatches(tasks.mqar, {...recall, split: 'test', numExamples: 512, seed: 1});
const onTasks: {[task: string]: (chain: MakeBlock[], seed: number) => Promise<number>} = {
  text: (chain, seed) =>
    scored(
      chain,
      seed,
      text.training,
      16,
      async (model) => (await evaluate(model, text.validation, {maxTokens: 32_768})).bitsPerByte,
    ),
  recall: (chain, seed) =>
    scored(
      chain,
      seed,
      taskBatches(tasks.mqar, recall),
      64,
      async (model) => (await evaluateTask(model, test)).accuracy,
    ),
};
const table = new Table({head: ['', 'task', 'parameters', 'bits per byte, or accuracy'], style: {head: []}});
for (const [name, chain] of Object.entries(chains).filter(([name]) => (given.only ?? name) === name)) {
  const model = sized(chain, 0);
  const size = model.countParams().toLocaleString('en');
  model.dispose();
  for (const [task, run] of Object.entries(onTasks).filter(([task]) => (given.task ?? task) === task)) {
    const results: number[] = [];
    for (const seed of seeds) results.push(await run(chain, seed));
    table.push([name, task, size, shown(results)]);
  }
}
console.log(table.toString());
