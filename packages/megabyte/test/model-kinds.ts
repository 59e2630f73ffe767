import * as tf from '@tensorflow/tfjs';
import {type CheckpointSource, inference} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  gradientsOf,
  requireAlike,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, type Megabyte, type MegabytePaper} from '../src';
import {PaperStages} from '../src/paper/paper-stages';

/** Logits, loss and gradients of a language model of stages, and what it generates. */
export async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const [batch, time] = tokens.shape as number[];
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  const {loss, gradients} = gradientsOf(model, () => model.lossFromStart(tokens));
  const logits = model.logits(tokens);
  await requireAlike(feed(model, tokens), logits, 1e-4);
  await requireAlike(feed(model, tokens, {sizes: [1, time - 2, 1]}), logits, 1e-4);
  return {
    'output.logits': logits,
    'output.start_logits': () => model.startLogits(batch).reshape([batch, -1]),
    'output.logits_empty': () => model.authorsStartLogits(batch),
    // The authors' model takes tokens that lie in patches already, and gives logits alike.
    'output.logits_shaped': () => logits.reshape([batch, ...model.config.stageLengths, -1]),
    'output.generated': () => generated(model, tokens, golden.description.prime_length as number),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
  };
}

/** The most likely tokens up to the longest sequence, from the first of each row on. */
async function generated(model: Megabyte, tokens: tf.Tensor, primeLength: number): Promise<tf.Tensor> {
  const rows = (await tokens.array()) as number[][];
  const longest = model.contextLength as number;
  const all: number[][] = [];
  for (const row of rows) {
    const prompt = row.slice(0, primeLength);
    // Of an empty prompt the authors draw the first token from logits that training never sees.
    if (primeLength === 0) prompt.push(tf.tidy(() => model.authorsStartLogits().argMax(-1).dataSync()[0]));
    const next: number[] = [];
    for await (const token of model.generate(prompt, {maxTokens: longest - prompt.length, temperature: 0}))
      next.push(token);
    all.push([...prompt, ...next]);
  }
  return tf.tensor2d(all, undefined, 'int32');
}

/** Logits of tokens themselves, not of those behind them: the first of each row from nothing. */
export async function paperModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const [batch, time] = tokens.shape as number[];
  const load = (source: CheckpointSource) => fromPretrained<MegabytePaper>(source);
  const model = await load(golden.directory);
  await roundTrip(golden, model, load);
  const {loss, gradients} = gradientsOf(model, () => model.lossFromStart(tokens));
  const logits = model.logits(tokens);
  await requireAlike(feed(model, tokens), logits, 1e-4);
  await requireAlike(feed(model, tokens, {sizes: [1, time - 2, 1]}), logits, 1e-4);
  const stages = model.layers.find((layer) => layer instanceof PaperStages) as PaperStages;
  const patches = Math.ceil(time / model.patchSize);
  return {
    'output.logits': tf.concat([model.startLogits(batch), logits.slice([0, 0, 0], [batch, time - 1, -1])], 1),
    'output.global': () => stages.global(tokens, inference).slice([0, 0, 0], [batch, patches, -1]),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
  };
}
