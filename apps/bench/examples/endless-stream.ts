/**
 * A stream of a million tokens through a model with attention sinks: time per token, loss, the state's bytes, tensors, and
 * memory of the process, all of which must stay flat. The model is trained a little on the default text, whose bytes it then
 * reads one by one, over and over.
 *
 *     npx tsx apps/bench/examples/endless-stream.ts [--tokens 1000000] [--window 252] [--family llama] [--train-steps 300]
 *
 * Ends with exit code 1 where the last part is not as the first.
 */
import {parseArgs} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {attentionSinks} from '@variants/attention-sinks';
import {byteTokenizer, nextTask, type StreamState, start} from '@variants/core';
import {readText, textWindows, train} from '@variants/train';
import {median} from '../src/decoding';

const {values: given} = parseArgs({
  options: {
    tokens: {type: 'string', default: '1000000'},
    parts: {type: 'string', default: '20'},
    window: {type: 'string', default: '252'},
    sinks: {type: 'string', default: '4'},
    family: {type: 'string', default: 'llama'},
    'train-steps': {type: 'string', default: '300'},
  },
});
const [numTokens, parts, windowSize, numSinks] = [given.tokens, given.parts, given.window, given.sinks].map(Number);

/** What is seen of a part of the stream. */
interface Part {
  /** Per token, the median. */
  microseconds: number;
  loss: number;
  stateBytes: number;
  tensors: number;
  megabytes: number;
}

await start();
const text = await readText('moby-dick');
const book = byteTokenizer.encode(text);
const model = attentionSinks({
  ...{vocabSize: 256, hiddenSize: 64, numLayers: 4, numHeads: 2, tieEmbedding: true, numSinks, windowSize},
  family: given.family as 'llama' | 'mpt',
});
const {training} = textWindows(text, {sequenceLength: Math.min(128, numSinks + windowSize)});
for await (const _ of train(model, training, {
  ...{steps: Number(given['train-steps']), batchSize: 16, learningRate: 4e-3, schedule: 'cosine'},
}).withProgress());

let state: StreamState | null = null;
let position = 0;

/** Reads on, a token at a time, each with its logits read, as a generator must. */
async function readOn(count: number): Promise<Part> {
  let nats = 0;
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const before = performance.now();
    const step: ReturnType<typeof model.stream> = model.stream([book[position % book.length]], state);
    state = step.state;
    position++;
    const logits = await step.logits.data<'float32'>();
    times.push(1000 * (performance.now() - before));
    step.logits.dispose();
    const largest = logits.reduce((a, b) => Math.max(a, b));
    const total = logits.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    nats += Math.log(total) + largest - logits[book[position % book.length]];
    if (i % 1000 === 0) await nextTask();
  }
  return {
    microseconds: median(times),
    loss: nats / count,
    stateBytes: state?.bytes ?? 0,
    tensors: tf.memory().numTensors,
    megabytes: process.memoryUsage.rss() / 2 ** 20,
  };
}

const shown = ({microseconds, loss, stateBytes, tensors, megabytes}: Part) =>
  [
    `${microseconds.toFixed(0)} µs/token`,
    `loss ${loss.toFixed(3)}`,
    `state ${stateBytes} bytes`,
    `${tensors} tensors`,
    `${megabytes.toFixed(0)} MiB`,
  ].join(', ');

// The cache fills, and compilers warm up.
await readOn(2 * (numSinks + windowSize + 1));
const seen: Part[] = [];
for (let part = 0; part < parts; part++) {
  seen.push(await readOn(Math.ceil(numTokens / parts)));
  console.log(`${position.toLocaleString('en')} tokens: ${shown(seen[part])}`);
}
const [first, last] = [seen[0], seen[seen.length - 1]];
const faults = [
  last.stateBytes === first.stateBytes ? '' : 'the state has grown',
  last.tensors === first.tensors ? '' : 'tensors are left over',
  last.megabytes < 1.25 * first.megabytes ? '' : 'the process has grown by more than a quarter',
  last.microseconds < 1.25 * first.microseconds ? '' : 'a token takes over a quarter longer',
  Number.isFinite(last.loss) ? '' : 'the loss is not finite',
].filter(Boolean);
console.log(faults.length === 0 ? 'flat' : faults.join(', '));
process.exitCode = faults.length === 0 ? 0 : 1;
