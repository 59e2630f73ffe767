/**
 * A recogniser of spoken digits: a small Conformer that hears speech in pieces, trained on what a speech synthesiser says
 * (mespeak, from npm) in many voices, speeds and pitches, with noise, and judged by voices that it never heard. Then it
 * recognises a WAV file from disk as a microphone would bring it, 100 ms at a time.
 *
 *     npx tsx apps/bench/examples/digits.ts [--steps 2500] [--phrases 600] [--held-out 150] [--seed 0]
 *       [--threads 2] [--wav file.wav]
 */
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {
  type Conformer,
  conformer,
  ctcBeamSearch,
  ctcGreedy,
  GreedyCtc,
  ops,
  readAudio,
  wordErrorRate,
  writeWav,
} from '@variants/conformer';
import {Random, type StreamState, start} from '@variants/core';
import {evaluate, train, type Utterance, utterances} from '@variants/train';
import {type Phrase, recorded, sampleRate, speak, speakers, words} from './speech/spoken-digits';

const {values: given} = parseArgs({
  options: {
    steps: {type: 'string', default: '2500'},
    phrases: {type: 'string', default: '600'},
    'held-out': {type: 'string', default: '150'},
    seed: {type: 'string', default: '0'},
    threads: {type: 'string', default: '2'},
    wav: {type: 'string'},
  },
});
const counts = [given.steps, given.phrases, given['held-out'], given.seed, given.threads];
const [steps, numPhrases, numHeldOut, seed, threads] = counts.map(Number);
const copies = 4;
const inputSize = 40;
const fftSize = 400;
const hopLength = 160;
const pieceSeconds = 0.1;

await start({threads});
const seconds = (since: number) => (performance.now() - since) / 1000;
const phrasesOf = (count: number, name: keyof typeof speakers) => {
  const random = new Random(seed, name);
  return Array.from({length: count}, () => speak(speakers[name], random));
};

/** Log energies of whole windows of samples, [frames, inputSize], about between -3 and 3. */
function featuresOf(samples: tf.Tensor): tf.Tensor2D {
  const options = {sampleRate, fftSize, hopLength, numMels: inputSize, minFrequency: 60, centered: false};
  return tf.tidy(() => ops.logMel(samples, options).add(6).div(4)) as tf.Tensor2D;
}

function utteranceOf({samples, labels}: Phrase): Utterance {
  const features = tf.tidy(() => featuresOf(tf.tensor1d(samples)).dataSync() as Float32Array);
  return {features, labels};
}

const textOf = (labels: readonly number[]) => labels.map((label) => words[label - 1]).join(' ');

let since = performance.now();
const [said, heldOut] = [phrasesOf(numPhrases, 'training'), phrasesOf(numHeldOut, 'heldOut')];
console.log(`${numPhrases + numHeldOut} phrases were spoken in ${seconds(since).toFixed(0)} s`);
since = performance.now();
const noise = new Random(seed, 'noise');
const sounds = said.flatMap((phrase) => Array.from({length: copies}, () => recorded(phrase, noise, [5, 35])));
const training = utterances(sounds.map(utteranceOf), {
  inputSize,
  shuffle: true,
  augment: (features, lengths, random) =>
    ops.specAugment(features, () => random.uniform(), {frequencyWidth: 8, timeMasks: 4, timeShare: 0.06, lengths}),
});
const tests = heldOut.map((phrase) => recorded(phrase, noise, [15, 35]));
const held = utterances(tests.map(utteranceOf), {inputSize});
console.log(`${sounds.length + tests.length} recordings of them became features in ${seconds(since).toFixed(0)} s`);

// 8 frames of 40 ms see 4 chunks before them; nothing looks ahead, so that it can listen.
const model = conformer({
  ...{vocabSize: words.length + 1, inputSize, hiddenSize: 80, numLayers: 4, numHeads: 4, intermediateSize: 240},
  ...{kernelSize: 9, causal: true, convolutionNorm: 'layer', chunkSize: 8, leftChunks: 4, dropout: 0.1, seed},
});
console.log(`${model.countParams()} parameters`);
since = performance.now();
for await (const _ of train(model, training, {steps, batchSize: 16, learningRate: 2e-3, seed}).withProgress());
console.log(`trained for ${(seconds(since) / 60).toFixed(1)} minutes, seed ${seed}`);

const {errorRate} = await evaluate(model, held);
console.log(`word error on held-out voices, likeliest path: ${(100 * errorRate).toFixed(1)} %`);
const [greedy, beam]: [string[], string[]] = [[], []];
for (let step = 0; step * 16 < numHeldOut; step++) {
  const batch = held.batch(step, 16, 0);
  const [features, lengths] = batch.inputs;
  const [logits, frames] = [model.logits({features, lengths}), model.outputLengths(lengths)];
  const options = {lengths: [...frames.dataSync()]};
  greedy.push(...(await ctcGreedy(logits, options)).map(textOf));
  beam.push(...(await ctcBeamSearch(logits, options)).map(([best]) => textOf(best.labels)));
  tf.dispose([batch.inputs, batch.targets, logits, frames]);
}
const wanted = tests.map(({labels}) => textOf(labels));
console.log(
  `greedy ${(100 * wordErrorRate(greedy, wanted)).toFixed(1)} %, beam of 10 ${(100 * wordErrorRate(beam, wanted)).toFixed(1)} %`,
);

/** What a model makes of sound as it comes in, and how long each piece took that gave frames. */
function listen(model: Conformer, sound: Float32Array): {text: string; latencies: number[]; busy: number} {
  const decoder = new GreedyCtc();
  const [labels, latencies]: [number[], number[]] = [[], []];
  const piece = Math.round(pieceSeconds * sampleRate);
  let pending = new Float32Array(0);
  let state: StreamState | null = null;
  let busy = 0;
  for (let at = 0; at < sound.length; at += piece) {
    const begun = performance.now();
    const last = at + piece >= sound.length;
    // Silence behind the end lets the last frame out.
    const silence = new Float32Array(last ? fftSize : 0);
    const samples = Float32Array.from([...pending, ...sound.subarray(at, at + piece), ...silence]);
    const frames = Math.max(0, Math.floor((samples.length - fftSize) / hopLength) + 1);
    pending = samples.slice(frames * hopLength);
    if (frames === 0) continue;
    const features = tf.tidy(() => featuresOf(tf.tensor1d(samples)).expandDims(0));
    const step: {logits: tf.Tensor3D; state: StreamState} = model.stream(features, state, {last});
    state = step.state;
    const classes = tf.tidy(() => [...step.logits.argMax(2).dataSync()]);
    labels.push(...decoder.push(classes));
    tf.dispose([features, step.logits]);
    const milliseconds = performance.now() - begun;
    busy += milliseconds;
    if (classes.length > 0) latencies.push(milliseconds);
  }
  state?.dispose();
  return {text: textOf(labels), latencies, busy: busy / 1000};
}

const folder = mkdtempSync(join(tmpdir(), 'variants-digits-'));
const paths = given.wav ? [given.wav] : tests.slice(0, 3).map((_, i) => join(folder, `${i}.wav`));
try {
  if (!given.wav) for (const [i, path] of paths.entries()) writeFileSync(path, writeWav(tests[i].samples, sampleRate));
  for (const [i, path] of paths.entries()) {
    const sound = await readAudio(path, {sampleRate});
    listen(model, sound);
    const {text, latencies, busy} = listen(model, sound);
    const length = sound.length / sampleRate;
    const sorted = latencies.sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)];
    console.log(
      `${given.wav ?? `a recording of "${wanted[i]}"`}: "${text}"; ${length.toFixed(1)} s of sound in ${busy.toFixed(2)} s: real-time factor ${(busy / length).toFixed(3)}, ${(length / busy).toFixed(0)} times as fast as it is said; a chunk of 320 ms takes ${middle.toFixed(1)} ms, at most ${sorted[sorted.length - 1].toFixed(1)}`,
    );
  }
} finally {
  rmSync(folder, {recursive: true});
}
model.dispose();
