/**
 * A hybrid, three blocks of retention to one of attention, beside its pure parents at equal parameters: on the default text
 * and on multi-query associative recall.
 *
 *     npx tsx apps/bench/examples/hybrid.ts [seconds per training, default 60]
 */
import {type CausalLayer, languageModel, type MixedLanguageModel, start} from '@variants/core';
import {layers as retNet} from '@variants/retnet';
import {evaluate, evaluateTask, readText, taskBatches, tasks, textWindows, train} from '@variants/train';
import {layers as attention} from '@variants/transformer';
import Table from 'cli-table3';

const [seconds = 60] = process.argv.slice(2).map(Number);
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
  'hybrid, three to one': [retention, retention, attending, retention],
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

async function trained(model: MixedLanguageModel, source: Parameters<typeof train>[1], seed: number): Promise<void> {
  const run = train(model, source, {seconds, batchSize: 16, learningRate: 3e-3, schedule: 'cosine', seed});
  for await (const _ of run.withProgress());
}

const shown = (values: number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return `${mean.toFixed(3)} (${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)})`;
};

await start();
const text = textWindows(await readText('moby-dick'), {sequenceLength: 128});
const recall = {config: {vocabSize: 256, sequenceLength: 128, numPairs: 8}};
const table = new Table({head: ['', 'parameters', 'bits per byte', 'recall'], style: {head: []}});
for (const [name, chain] of Object.entries(chains)) {
  const [bits, accuracies]: number[][] = [[], []];
  let size = 0;
  for (const seed of seeds) {
    process.stderr.write(`${name}, seed ${seed}\n`);
    const onText = sized(chain, seed);
    size = onText.countParams();
    await trained(onText, text.training, seed);
    bits.push((await evaluate(onText, text.validation, {maxTokens: 32_768})).bitsPerByte);
    onText.dispose();
    const onRecall = sized(chain, seed);
    await trained(onRecall, taskBatches(tasks.mqar, recall), seed);
    const test = taskBatches(tasks.mqar, {...recall, split: 'test', numExamples: 512, seed: 1});
    accuracies.push((await evaluateTask(onRecall, test)).accuracy);
    onRecall.dispose();
  }
  table.push([name, size.toLocaleString('en'), shown(bits), shown(accuracies)]);
}
console.log(table.toString());
