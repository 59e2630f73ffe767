/**
 * Perplexity of streams that are 20 times as long as what a model was trained on: with sinks, with a plain window, with the
 * window recomputed for each token, and with full attention, as in tables 1 and 3 of Xiao et al. 2023. A small model is
 * trained on the default text first, in each of the forms that are asked for.
 *
 *     npx tsx apps/bench/examples/attention-sinks.ts [--steps 3000] [--forms usual,token,zero,learned] [--seed 0]
 */
import {parseArgs} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {
  type AttentionSinksOptions,
  attentionSinks,
  recomputedLogits,
  streamLoss,
  withAttentionSinks,
} from '@variants/attention-sinks';
import {ConfigError, start} from '@variants/core';
import {readText, textWindows, train} from '@variants/train';
import Table from 'cli-table3';

const {values: given} = parseArgs({
  options: {
    steps: {type: 'string', default: '3000'},
    forms: {type: 'string', default: 'usual'},
    seed: {type: 'string', default: '0'},
    length: {type: 'string', default: '128'},
    streams: {type: 'string', default: '8'},
    layers: {type: 'string', default: '4'},
    width: {type: 'string', default: '64'},
  },
});
const [steps, seed, trained, streams, numLayers, hiddenSize] = [
  given.steps,
  given.seed,
  given.length,
  given.streams,
  given.layers,
  given.width,
].map(Number);
const streamLength = 20 * trained;

/** What the sink of a model is. */
const forms: {[name: string]: Partial<AttentionSinksOptions>} = {
  usual: {},
  token: {sinkToken: 0},
  zero: {sinkLogit: 'zero'},
  learned: {sinkLogit: 'learned'},
};

const names = given.forms.split(',');
const unknown = names.find((name) => !(name in forms));
if (unknown) throw new ConfigError(`--forms: ${unknown} is unknown; known are ${Object.keys(forms).join(', ')}`);

await start();
const text = textWindows(await readText('moby-dick'), {sequenceLength: trained});
const heldOut = text.validation.tokens;
const rows = Array.from({length: streams}, (_, i) => {
  const first = Math.floor((i * (heldOut.length - streamLength - 1)) / Math.max(1, streams - 1));
  return Array.from(heldOut.subarray(first, first + streamLength + 1));
});
const tokens = tf.tensor2d(rows, undefined, 'int32');

/** Perplexity with the last `trained` tokens read anew for each. */
async function recomputed(model: Parameters<typeof recomputedLogits>[0]): Promise<number> {
  const mean = tf.tidy(() => {
    const inputs = tokens.slice([0, 0], [-1, streamLength]) as tf.Tensor2D;
    return model.criterion(
      recomputedLogits(model, inputs, {window: trained, batchSize: 16}),
      tokens.slice([0, 1], [-1, streamLength]),
    );
  });
  const [loss] = await mean.data();
  mean.dispose();
  return Math.exp(loss);
}

const table = new Table({
  head: [
    'sink',
    `plain window 0 + ${trained}`,
    `1 + ${trained - 1}`,
    `4 + ${trained - 4}`,
    'recomputed',
    'full attention',
  ],
  style: {head: []},
});
for (const name of names) {
  const model = attentionSinks({
    ...{vocabSize: 256, hiddenSize, numLayers, numHeads: hiddenSize / 32, tieEmbedding: true},
    ...{maxSequenceLength: trained, cache: 'growing', seed},
    ...forms[name],
  });
  for await (const _ of train(model, text.training, {
    ...{steps, batchSize: 16, learningRate: 4e-3, schedule: 'cosine', seed},
  }).withProgress());
  const caches: string[] = [];
  for (const numSinks of [0, 1, 4]) {
    const endless = withAttentionSinks(model, {numSinks, windowSize: trained - numSinks});
    caches.push((await streamLoss(endless, tokens)).perplexity.toFixed(3));
    endless.dispose();
  }
  const full = (await streamLoss(model, tokens, {pieceLength: 512})).perplexity;
  table.push([name, ...caches, (await recomputed(model)).toFixed(3), full.toFixed(3)]);
  model.dispose();
}
console.log(
  `${streams} streams of ${streamLength} bytes of held-out text, trained on ${trained} at a time, perplexity per byte`,
);
console.log(table.toString());
