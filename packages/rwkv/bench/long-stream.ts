/**
 * Whether a token costs the same after 100,000 tokens as after 100: `node --import tsx packages/rwkv/bench/long-stream.ts`.
 */
import * as tf from '@tensorflow/tfjs';
import {type StreamState, start} from '@variants/core';
import {type Rwkv, rwkv} from '../src';
import {versions} from '../src/config';
import {median} from './median';

const marks = [100, 1_000, 10_000, 100_000];
/** Tokens whose times a figure is the median of. */
const sampled = 100;

function* streamed(model: Rwkv, tokens: number): Generator<{token: number; milliseconds: number; bytes: number}> {
  let state: StreamState | null = null;
  for (let token = 1; token <= tokens; token++) {
    const start = performance.now();
    const next = model.stream([token % model.config.vocabSize], state, {lastOnly: true});
    next.logits.dataSync();
    next.logits.dispose();
    state = next.state;
    yield {token, milliseconds: performance.now() - start, bytes: state.bytes};
  }
  state?.dispose();
}

await start({engine: 'simd'});
for (const version of versions) {
  const model = rwkv({version, vocabSize: 256, hiddenSize: 64, numLayers: 2});
  let times: number[] = [];
  for (const {token, milliseconds, bytes} of streamed(model, marks[marks.length - 1])) {
    times.push(milliseconds);
    if (times.length > sampled) times = times.slice(-sampled);
    if (marks.includes(token))
      console.log(
        `version ${version}, ${token} tokens: ${median(times).toFixed(3)} ms a token, state of ${bytes} bytes`,
      );
  }
  model.dispose();
}
console.log(`${tf.memory().numTensors} tensors left`);
