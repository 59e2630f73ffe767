import * as tf from '@tensorflow/tfjs';
import {type Example, ignoredTarget, type ModelKind, Random, type VariantModel} from '@variants/core';
import type {ExampleSize, Subject} from './subject';

/** The fields of configurations that examples depend on. */
interface Sizes {
  vocabSize: number;
  numLabels: number;
  numClasses: number;
  imageChannels: number;
  sourceVocabSize: number;
  targetVocabSize: number;
  inputSize: number;
  blank: number;
  padToken?: number | null;
}

/** What a model's configuration says of sizes; those of other kinds are not there. */
export const sizesOf = (model: VariantModel): Sizes => model.config as unknown as Sizes;

/** An example of a size, as tensors that the caller disposes: the subject's own, or by the kind of model. */
export function exampleOf(subject: Subject, model: VariantModel, size: ExampleSize): Example {
  if (subject.example) return subject.example(model, size);
  return examples[model.kind](sizesOf(model), size);
}

/** Two examples that begin differently, so that each target follows from the inputs. */
export function twoExamples(subject: Subject, model: VariantModel): Example {
  return exampleOf(subject, model, {batch: 2, time: Math.min(8, model.contextLength ?? 8), seed: 3});
}

const examples: {[kind in ModelKind]: (sizes: Sizes, size: ExampleSize) => Example} = {
  'language-model': ({vocabSize}, size) => {
    const rows = randomRows(vocabSize, size);
    return {inputs: tensorOf(rows), targets: tensorOf(rows.map(([, ...next]) => [...next, ignoredTarget]))};
  },
  'masked-language-model': ({vocabSize, padToken}, size) => ({
    inputs: tensorOf(randomRows(vocabSize, size, padToken)),
    targets: tensorOf(randomTargets(vocabSize, size, padToken)),
  }),
  'sequence-classifier': ({vocabSize, padToken, numLabels}, size) => ({
    inputs: tensorOf(randomRows(vocabSize, size, padToken)),
    targets: labels(numLabels, size),
  }),
  'image-classifier': ({numClasses, imageChannels}, size) => {
    const random = new Random(size.seed, 'pixels');
    const values = Float32Array.from({length: size.batch * 64 * imageChannels}, () => random.normal());
    return {inputs: tf.tensor(values, [size.batch, 8, 8, imageChannels]), targets: labels(numClasses, size)};
  },
  'speech-recognizer': ({vocabSize, inputSize, blank}, size) => {
    const random = new Random(size.seed, 'features');
    const shape = [size.batch, size.time, inputSize];
    const features = Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal());
    return {
      inputs: [tf.tensor(features, shape), tf.fill([size.batch], size.time, 'int32')],
      targets: tensorOf(randomLabels(vocabSize, blank, size)),
    };
  },
  'sequence-to-sequence': ({sourceVocabSize, targetVocabSize, padToken}, size) => ({
    inputs: [
      tensorOf(randomRows(sourceVocabSize, size, padToken)),
      tensorOf(randomRows(targetVocabSize, {...size, seed: size.seed + 1}, padToken)),
    ],
    targets: tensorOf(randomTargets(targetVocabSize, size, padToken)),
  }),
};

const tensorOf = (rows: number[][]): tf.Tensor => tf.tensor2d(rows, undefined, 'int32');

const labels = (count: number, {batch}: ExampleSize): tf.Tensor =>
  tf.tensor1d(
    Array.from({length: batch}, (_, row) => row % count),
    'int32',
  );

/** Rows of random ids but padding; neighbouring ones begin differently. */
function randomRows(vocabSize: number, {batch, time, seed}: ExampleSize, padToken?: number | null): number[][] {
  const random = new Random(seed, 'tokens');
  const ids = Array.from({length: vocabSize}, (_, id) => id).filter((id) => id !== padToken);
  return Array.from({length: batch}, (_, row) =>
    Array.from({length: time}, () => ids[random.below(ids.length)]).with(0, ids[row % ids.length]),
  );
}

/** Random targets, of which the last, where it is not the only one, does not count. */
function randomTargets(vocabSize: number, size: ExampleSize, padToken?: number | null): number[][] {
  const rows = randomRows(vocabSize, {...size, seed: size.seed + 2}, padToken);
  return size.time === 1 ? rows : rows.map((row) => row.with(-1, ignoredTarget));
}

/** A label for every second frame, the same one twice never in a row; the last row has one less, where it has several. */
export function randomLabels(vocabSize: number, blank: number, {batch, time, seed}: ExampleSize): number[][] {
  const random = new Random(seed, 'labels');
  const ids = Array.from({length: vocabSize}, (_, id) => id).filter((id) => id !== blank);
  const count = Math.ceil(time / 2);
  return Array.from({length: batch}, (_, row) => {
    const start = random.below(ids.length) + row;
    const labels = Array.from({length: count}, (_, i) => ids[(start + i) % ids.length]);
    return row > 0 && row === batch - 1 && count > 1 ? labels.with(-1, ignoredTarget) : labels;
  });
}

/** Rows of an example's inputs, from the first to before the last. */
export function rowsOf(inputs: tf.Tensor | tf.Tensor[], from: number, to: number): tf.Tensor | tf.Tensor[] {
  const cut = (tensor: tf.Tensor) => tf.slice(tensor, from, to - from);
  return Array.isArray(inputs) ? inputs.map(cut) : cut(inputs);
}

/** Outputs, row after row, of what the model takes; by its public function, as a caller gives it. */
export function outputsOf(model: VariantModel, inputs: tf.Tensor | tf.Tensor[]): Float32Array {
  return tf.tidy(() => model.logits(asGiven(model, inputs)).dataSync<'float32'>());
}

/** Inputs as a caller gives them. */
export function asGiven({kind}: VariantModel, inputs: tf.Tensor | tf.Tensor[]): never {
  const [first, second] = [inputs].flat();
  const pairs: {[kind in ModelKind]?: object} = {
    'sequence-to-sequence': {source: first, target: second},
    'speech-recognizer': {features: first, lengths: second},
  };
  return (pairs[kind] ?? inputs) as never;
}
