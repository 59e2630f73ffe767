/**
 * MegaByte on bytes of three kinds, without a word about what they are: a text, images (16 x 16 pixels, three bytes each, in
 * rows or patch by patch) and sound (a WAV file). All data is made here. For each it prints the bits per byte on what it was not trained
 * on, beside those of the bytes' frequencies and of a Transformer of the same size after the same steps, and writes what it
 * generates: the second half of an image (.ppm), a second of sound (.wav).
 *
 *     npx tsx apps/bench/examples/bytes-of-anything.ts [--steps 400] [--seed 0] [--parameters 200000] [--only images,sound]
 *         [--out reports/bytes]
 */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {type LanguageModel, start} from '@variants/core';
import {card, type Megabyte, megabyte} from '@variants/megabyte';
import {type BatchSource, evaluate, readText, type TokenBatch, textWindows, train} from '@variants/train';
import * as transformer from '@variants/transformer';
import {drawImage, imageBytes, patchScan, ppmOf, scanned, unscanned} from '../src/byte-streams/images';
import {playMelody, sampleRate, wavHeaderBytes, wavOf} from '../src/byte-streams/sound';

const {values: given} = parseArgs({
  options: {
    steps: {type: 'string', default: '400'},
    seed: {type: 'string', default: '0'},
    parameters: {type: 'string', default: '200000'},
    only: {type: 'string', default: 'text,images,sound'},
    out: {type: 'string', default: 'reports/bytes'},
  },
});
const [steps, seed, parameters] = [given.steps, given.seed, given.parameters].map(Number);
const batchSize = 8;

/** Bytes of one kind. */
interface Data {
  name: string;
  /** Bytes of a sequence, and of a patch. */
  length: number;
  patchSize: number;
  training: BatchSource<TokenBatch>;
  validation: BatchSource<TokenBatch>;
  /** Some of the training's bytes, for their frequencies. */
  sample: Uint8Array;
  /** Writes what a trained model generates. */
  show?: (model: LanguageModel, folder: string) => Promise<string>;
}

/** Images as examples: each begins where a patch begins. */
function imageSource(first: number, count: number, order: readonly number[]): BatchSource<TokenBatch> {
  const rowOf = (index: number) => scanned(drawImage(first + index, seed), order);
  return {
    tokensPerExample: imageBytes - 1,
    numExamples: count,
    vocabSize: 256,
    batch(step, rows) {
      const from = (step * rows) % count;
      const images = Array.from({length: Math.min(rows, count - from)}, (_, i) => [...rowOf(from + i)]);
      const part = (start: number, end: number) =>
        tf.tensor2d(
          images.map((image) => image.slice(start, end)),
          undefined,
          'int32',
        );
      return {inputs: part(0, imageBytes - 1), targets: part(1, imageBytes)};
    },
  };
}

/** Images of which so many bytes are given, the rest generated. */
async function completed(model: LanguageModel, order: readonly number[], known: number): Promise<Uint8Array> {
  const bytes = [...scanned(drawImage(10_000, seed), order).subarray(0, known)];
  for await (const byte of model.generate([...bytes], {maxTokens: imageBytes - known, temperature: 0.5, seed}))
    bytes.push(byte);
  return unscanned(Uint8Array.from(bytes), order);
}

function images(name: string, order: readonly number[]): Data {
  return {
    name,
    length: imageBytes,
    patchSize: 12,
    training: imageSource(0, 8 * batchSize * 64, order),
    validation: imageSource(20_000, 64, order),
    sample: Uint8Array.from(Array.from({length: 64}, (_, i) => [...drawImage(i, seed)]).flat()),
    async show(model, folder) {
      const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.ppm`);
      await writeFile(path, ppmOf(await completed(model, order, imageBytes / 2)));
      return path;
    },
  };
}

function sound(): Data {
  const [length, patchSize] = [1024, 32];
  const file = wavOf(playMelody(60, seed));
  const parts = textWindows(file, {sequenceLength: length, vocabSize: 256});
  return {
    ...{name: 'sound', length, patchSize, ...parts},
    sample: file.subarray(0, Math.floor(0.9 * file.length)),
    async show(model, folder) {
      const beginning = playMelody(0.05, seed + 1);
      const samples = [...beginning];
      for await (const byte of model.generate([...samples], {
        maxTokens: sampleRate - samples.length,
        temperature: 0.8,
        seed,
      }))
        samples.push(byte);
      const path = join(folder, 'sound.wav');
      const wav = wavOf(Uint8Array.from(samples));
      await writeFile(path, wav);
      return `${path}, ${wav.length - wavHeaderBytes} samples`;
    },
  };
}

async function text(): Promise<Data> {
  const bytes = new TextEncoder().encode(await readText('moby-dick'));
  const parts = textWindows(bytes, {sequenceLength: 512, vocabSize: 256});
  return {name: 'text', length: 512, patchSize: 8, ...parts, sample: bytes.subarray(0, Math.floor(0.9 * bytes.length))};
}

/** Bits per byte of the bytes' frequencies alone. */
function frequencyBits(bytes: Uint8Array): number {
  const counts = new Float64Array(256);
  for (const byte of bytes) counts[byte]++;
  return counts.reduce(
    (bits, count) => (count === 0 ? bits : bits - (count / bytes.length) * Math.log2(count / bytes.length)),
    0,
  );
}

/** A MegaByte of about the wanted number of parameters, whose patches are those of the data. */
function megabyteOf({length, patchSize}: Data): Megabyte {
  let wanted = parameters;
  for (let tries = 1; ; tries++) {
    const shape = card.sized({parameters: Math.round(wanted), vocabSize: 256, maxSequenceLength: length});
    const model = megabyte({...shape, stageLengths: [Math.ceil(length / patchSize), patchSize], seed});
    const excess = model.countParams() / parameters;
    if (Math.abs(excess - 1) < 0.02 || tries === 6) return model;
    model.dispose();
    wanted /= excess;
  }
}

/** Trains a model, and gives its bits per byte on what it was not trained on, and the seconds that the training took. */
async function trained(model: LanguageModel, {training, validation}: Data): Promise<{bits: number; seconds: number}> {
  const began = performance.now();
  for await (const _ of train(model, training, {steps, batchSize, learningRate: 3e-3, seed}).withProgress());
  const seconds = (performance.now() - began) / 1000;
  const {loss} = await evaluate(model, validation, {maxTokens: 65_536, batchSize});
  return {bits: loss / Math.LN2, seconds};
}

await start();
await mkdir(given.out, {recursive: true});
const kinds: {[name: string]: () => Promise<Data[]>} = {
  text: async () => [await text()],
  images: async () => [
    images('images, row by row', [...Array(imageBytes).keys()]),
    images('images, patch by patch', patchScan(2)),
  ],
  sound: async () => [sound()],
};

console.log(
  '| bytes of | patch | frequencies | MegaByte, bits per byte | seconds | Transformer, bits per byte | seconds |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
const written: string[] = [];
for (const kind of given.only.split(','))
  for (const data of await kinds[kind]()) {
    const size = {parameters, vocabSize: 256, maxSequenceLength: data.length};
    const models = [megabyteOf(data), transformer.transformer({...transformer.card.sized(size), seed})] as const;
    const results = [await trained(models[0], data), await trained(models[1], data)];
    const cells = results.flatMap(({bits, seconds}) => [bits.toFixed(3), seconds.toFixed(0)]);
    console.log(`| ${[data.name, data.patchSize, frequencyBits(data.sample).toFixed(3), ...cells].join(' | ')} |`);
    if (data.show) written.push(await data.show(models[0], given.out));
    for (const model of models) model.dispose();
  }
for (const what of written) console.log(`wrote ${what}`);
