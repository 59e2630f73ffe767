/**
 * Perplexity at one to eight times the length of training: RoFormer with each scaling of its rotary positions, beside
 * learned positions. One model of each kind is trained; a scaling is the trained model with other angles. Always the same
 * bytes are predicted, with more or less of the text before them.
 *
 *     npx tsx apps/bench/examples/length.ts [--steps 1000] [--seed 0]
 */
import {parseArgs} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {ignoredTarget, type LanguageModel, type RopeScaling, start} from '@variants/core';
import {type RoFormer, roformer} from '@variants/roformer';
import {readText, type TokenArray, textWindows, train} from '@variants/train';
import {transformer} from '@variants/transformer';
import Table from 'cli-table3';

const {values: given} = parseArgs({
  options: {steps: {type: 'string', default: '1000'}, seed: {type: 'string', default: '0'}},
});
const [steps, seed] = [Number(given.steps), Number(given.seed)];
const trained = 64;
const times = [1, 2, 4, 8];
const longest = trained * Math.max(...times);
const shape = {vocabSize: 256, hiddenSize: 64, numLayers: 4, numHeads: 2, seed};
const pairs = shape.hiddenSize / shape.numHeads / 2;

/** Trains a model on windows of `trained` bytes. */
async function trainedOn<Model extends LanguageModel>(model: Model): Promise<Model> {
  const run = train(model, text.training, {steps, batchSize: 32, learningRate: 2e-3, seed});
  for await (const _ of run.withProgress());
  return model;
}

/**
 * Perplexity of the last `trained` bytes of windows of so many bytes. Windows of all lengths end at the same places.
 * @param windows How many, spread over the tokens.
 */
function perplexity(model: LanguageModel, tokens: TokenArray, length: number, windows = 64, batchSize = 8): number {
  const stride = Math.floor((tokens.length - longest - 1) / windows);
  let nats = 0;
  for (let first = 0; first < windows; first += batchSize)
    nats += tf.tidy(() => {
      const rows = Array.from({length: batchSize}, (_, row) => {
        const end = longest + (first + row) * stride;
        return [...tokens.subarray(end - length, end + 1)];
      });
      const targets = rows.map((row) => row.slice(1).map((id, n) => (n < length - trained ? ignoredTarget : id)));
      const inputs = rows.map((row) => row.slice(0, -1));
      return batchSize * model.loss(inputs, targets).dataSync()[0];
    });
  return Math.exp(nats / windows);
}

/** The trained model with a scaling. */
function scaled(model: RoFormer, ropeScaling: RopeScaling | null): RoFormer {
  const other = roformer({...model.config, ropeScaling});
  other.setWeights(model.getWeights());
  return other;
}

const lengths = {factor: longest / trained, originalMaxSequenceLength: trained};

/** LongRoPE's factors are searched for: here each in turn, from NTK-aware ones on, on text that the model was trained on. */
function searched(model: RoFormer, tokens: TokenArray): RopeScaling {
  const withFactors = (longFactors: number[]): RopeScaling => ({
    ...lengths,
    type: 'longrope',
    shortFactors: longFactors.map(() => 1),
    longFactors,
  });
  const score = (factors: number[]) => {
    const candidate = scaled(model, withFactors(factors));
    const result = perplexity(candidate, tokens, longest, 16);
    candidate.dispose();
    return result;
  };
  let best = Array.from({length: pairs}, (_, i) => lengths.factor ** (i / (pairs - 1)));
  let least = score(best);
  for (let i = 0; i < pairs; i++)
    for (const change of [0.7, 1 / 0.7]) {
      const tried = best.map((factor, j) => (i === j ? Math.max(1, factor * change) : factor));
      const result = score(tried);
      if (result < least) [best, least] = [tried, result];
    }
  return withFactors(best);
}

await start();
const text = textWindows(await readText('moby-dick'), {sequenceLength: trained});
const {tokens} = text.validation;
const rotary = await trainedOn(roformer({...shape, maxSequenceLength: null}));
const learned = await trainedOn(transformer({...shape, family: 'gpt2', maxSequenceLength: longest}));
const scalings: {[name: string]: RopeScaling | null} = {
  'rotary, no scaling': null,
  linear: {type: 'linear', factor: lengths.factor},
  'NTK-aware': {type: 'ntk', factor: lengths.factor},
  'NTK by parts': {type: 'ntkByParts', ...lengths},
  YaRN: {type: 'yarn', ...lengths},
  LongRoPE: searched(rotary, text.training.tokens),
  'Llama 3': {type: 'llama3', ...lengths, lowFrequencyFactor: 1, highFrequencyFactor: 4},
  'dynamic linear': {type: 'dynamicLinear', originalMaxSequenceLength: trained},
  'dynamic NTK': {type: 'dynamic', factor: 1, originalMaxSequenceLength: trained},
  'dynamic YaRN': {type: 'dynamicYarn', originalMaxSequenceLength: trained},
};

const table = new Table({head: ['positions', ...times.map((n) => `${n * trained} bytes`)], style: {head: []}});
const row = (name: string, model: LanguageModel) =>
  table.push([name, ...times.map((n) => perplexity(model, tokens, n * trained).toFixed(2))]);
for (const [name, scaling] of Object.entries(scalings)) {
  const model = scaled(rotary, scaling);
  row(name, model);
  model.dispose();
}
row('learned', learned);
console.log(
  `${rotary.countParams().toLocaleString('en')} parameters; ${steps} steps of 32 windows of ${trained} bytes`,
);
console.log(table.toString());
