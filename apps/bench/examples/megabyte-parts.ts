/**
 * What MegaByte's parts are good for, on Moby Dick: bits per byte of the whole model, without its global model (each patch
 * alone) and with hardly a local one (patches of one byte, as many bytes in all); by the place of a byte in its patch; and by
 * strided inference, which reads twice. All are trained for the same steps on the same windows.
 *
 *     npx tsx apps/bench/examples/megabyte-parts.ts [--steps 1000] [--seed 0] [--windows 64]
 */
import {parseArgs} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {type LanguageModel, start} from '@variants/core';
import {type Megabyte, type MegabytePaper, megabyte, megabytePaper, stridedLogits} from '@variants/megabyte';
import {readText, textWindows, train} from '@variants/train';

const {values: given} = parseArgs({
  options: {
    steps: {type: 'string', default: '1000'},
    seed: {type: 'string', default: '0'},
    windows: {type: 'string', default: '64'},
  },
});
const [steps, seed, windows] = [given.steps, given.seed, given.windows].map(Number);
const [length, patchSize, batchSize] = [256, 8, 8];

await start();
const {training, validation} = textWindows(await readText('moby-dick'), {sequenceLength: length});

type Model = Megabyte | MegabytePaper;
type LogitsOf = (model: Model, inputs: tf.Tensor2D) => tf.Tensor;

/** Bits of each place of a window, mean over windows. */
function bitsByPlace(model: Model, logitsOf: LogitsOf): number[] {
  const sums = new Float64Array(length);
  for (let step = 0; step * batchSize < windows; step++) {
    const {inputs, targets} = validation.batch(step, batchSize, seed);
    const bits = tf.tidy(() => {
      const logits = logitsOf(model, inputs).logSoftmax();
      const chosen = tf.oneHot(targets, 256).mul(logits).sum(-1);
      return chosen.mean(0).div(-Math.LN2).dataSync();
    });
    for (const [place, value] of bits.entries()) sums[place] += value * (batchSize / windows);
    tf.dispose([inputs, targets]);
  }
  return [...sums];
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Means over all windows and patches, by the place of the local model where a byte is predicted. */
const byPlaceInPatch = (model: Model, bits: readonly number[]) =>
  Array.from({length: model.patchSize}, (_, place) => mean(bits.filter((__, t) => model.placeOf(t) === place)));

async function trained<M extends LanguageModel>(model: M): Promise<M> {
  for await (const _ of train(model, training, {steps, batchSize, learningRate: 3e-3, seed}).withProgress());
  return model;
}

const whole: LogitsOf = (model, inputs) => model.logits(inputs);
/** Each patch for itself: nothing of what came before it. */
const alone: LogitsOf = (model, inputs) =>
  model.logits(inputs.reshape([-1, model.patchSize]) as tf.Tensor2D).reshape([inputs.shape[0], length, -1]);

const sizes = {vocabSize: 256, numHeads: 2, headSize: 32, seed};
const stages = await trained(
  megabyte({...sizes, stageLengths: [length / patchSize, patchSize], hiddenSizes: [128, 64], numLayers: [3, 2]}),
);
const paper = await trained(
  megabytePaper({
    ...{vocabSize: 256, patchSize, maxSequenceLength: length, globalSize: 16, numGlobalLayers: 3, numGlobalHeads: 2},
    ...{localSize: 64, numLocalLayers: 2, numLocalHeads: 2, seed},
  }),
);
const local = megabyte({
  ...sizes,
  stageLengths: [length / patchSize, patchSize],
  hiddenSizes: [128, 64],
  numLayers: [3, 2],
});
const patchTraining = {
  ...training,
  batch: (step: number, rows: number, from: number) => {
    const {inputs, targets} = training.batch(step, rows, from);
    const cut = (tensor: tf.Tensor2D) => tf.tidy(() => tensor.reshape([-1, patchSize]) as tf.Tensor2D);
    const patches = {inputs: cut(inputs), targets: cut(targets)};
    tf.dispose([inputs, targets]);
    return patches;
  },
};
for await (const _ of train(local, patchTraining, {steps, batchSize, learningRate: 3e-3, seed}).withProgress());
const global = await trained(
  megabyte({
    ...sizes,
    stageLengths: [length, 1],
    hiddenSizes: [128, 64],
    numLayers: [3, 1],
    intermediateSizes: [512, 64],
  }),
);

console.log(
  `${steps} steps of ${batchSize} windows of ${length} bytes, ${windows} windows of held-out chapters, seed ${seed}`,
);
console.log('| model | parameters | bits per byte | strided |');
console.log('| --- | --- | --- | --- |');
const rows: [name: string, model: Model, logitsOf: LogitsOf][] = [
  [`stages, patches of ${patchSize}`, stages, whole],
  [`the paper's form, patches of ${patchSize}`, paper, whole],
  ['without the global model', local, alone],
  ['patches of one byte: hardly a local model', global, whole],
];
const places: string[] = [];
for (const [name, model, logitsOf] of rows) {
  const bits = bitsByPlace(model, logitsOf);
  const strided = logitsOf === whole && model.patchSize > 1 ? mean(bitsByPlace(model, stridedLogits)).toFixed(3) : '-';
  console.log(`| ${name} | ${model.countParams().toLocaleString('en')} | ${mean(bits).toFixed(3)} | ${strided} |`);
  if (logitsOf === whole && model.patchSize > 1)
    places.push(`| ${[name, ...byPlaceInPatch(model, bits).map((value) => value.toFixed(3))].join(' | ')} |`);
}
console.log(`\n| place in the patch | ${Array.from({length: patchSize}, (_, i) => i + 1).join(' | ')} |`);
console.log(
  `| ${Array(patchSize + 1)
    .fill('---')
    .join(' | ')} |`,
);
for (const line of places) console.log(line);
