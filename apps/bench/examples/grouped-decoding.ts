/**
 * What sharing heads of keys and values saves in decoding: bytes of the cache per token of context, and tokens a second, for as
 * many heads of keys and values as of queries, for 4 and for 1, at several batches and lengths of context. Weights are drawn:
 * what a model has learned does not matter here. Each line is printed when it is there, as a row of a Markdown table.
 *
 *     npx tsx apps/bench/examples/grouped-decoding.ts [--batches 1,8,32] [--contexts 512,1024,2048,4096] [--groups 8,4,1]
 */
import {parseArgs} from 'node:util';
import {type LanguageModel, nextTask, type StreamState, start} from '@variants/core';
import {mqa} from '@variants/mqa';
import {median} from '../src/decoding';

const {values: given} = parseArgs({
  options: {
    batches: {type: 'string', default: '1,8,32'},
    contexts: {type: 'string', default: '512,1024,2048,4096'},
    groups: {type: 'string', default: '8,4,1'},
    // Steps that are timed; the median counts.
    steps: {type: 'string', default: '16'},
  },
});
const numbers = (list: string) => list.split(',').map(Number);
const numHeads = 8;
const vocabSize = 256;
const warmUp = 3;

/** One model for each number of heads of keys and values; the others are alike. */
const make = (numKeyValueHeads: number) =>
  mqa({
    vocabSize,
    hiddenSize: 256,
    numLayers: 2,
    numHeads,
    numKeyValueHeads,
    maxSequenceLength: null,
    tieEmbedding: true,
  });

const rows = (batch: number, time: number) =>
  Array.from({length: batch}, (_, b) => Array.from({length: time}, (__, t) => (31 * b + 7 * t) % vocabSize));

/** A stream of so many tokens, fed in pieces: the scores of a long prompt take no more memory than those of a piece. */
function fill(model: LanguageModel, batch: number, context: number): StreamState {
  const piece = Math.min(context, Math.max(1, Math.floor(4096 / batch)));
  let state: StreamState | null = null;
  for (let fed = 0; fed < context; fed += piece) {
    const step = model.stream(rows(batch, Math.min(piece, context - fed)), state, {lastOnly: true});
    step.logits.dispose();
    state = step.state;
  }
  return state as StreamState;
}

/** Milliseconds of a step of one token for each row, with reading its logits, as a generator must. */
async function measure(model: LanguageModel, batch: number, context: number): Promise<number> {
  // The last step ends at the context, or the cache would grow meanwhile.
  const steps = warmUp + Number(given.steps);
  let state = fill(model, batch, context - steps);
  const times: number[] = [];
  for (let i = 0; i < steps; i++) {
    await nextTask();
    const before = performance.now();
    const step = model.stream(rows(batch, 1), state, {lastOnly: true});
    state = step.state;
    await step.logits.data();
    if (i >= warmUp) times.push(performance.now() - before);
    step.logits.dispose();
  }
  state.dispose();
  return median(times);
}

/** Bytes that a token adds to the cache: keys and values of all layers. */
const bytesPerToken = ({config}: ReturnType<typeof make>) =>
  4 * 2 * config.numLayers * config.numKeyValueHeads * config.headSize;

await start();
console.log('| batch | context | heads of keys and values | cache bytes per token | ms per step | tokens/s |');
console.log('| ----- | ------- | ------------------------ | --------------------- | ----------- | -------- |');
for (const batch of numbers(given.batches))
  for (const context of numbers(given.contexts))
    for (const numKeyValueHeads of numbers(given.groups)) {
      const model = make(numKeyValueHeads);
      const milliseconds = await measure(model, batch, context);
      const cells = [
        batch,
        context.toLocaleString('en'),
        numKeyValueHeads,
        bytesPerToken(model).toLocaleString('en'),
        milliseconds.toFixed(2),
        Math.round((1000 * batch) / milliseconds).toLocaleString('en'),
      ];
      console.log(`| ${cells.join(' | ')} |`);
      model.dispose();
    }
