import * as tf from '@tensorflow/tfjs';
import {ConfigError, Random, type VariantModel} from '@variants/core';
import {describe, expect, it, vi} from 'vitest';
import {
  type Batch,
  type BatchSource,
  evaluate,
  labelledImages,
  labelledSequences,
  maskedWindows,
  sequencePairs,
  type TrainingStep,
  type TrainOptions,
  train,
} from '../../src/index';
import {batchGradients} from '../../src/loop/batch-gradients';
import {resolveTrainOptions} from '../../src/loop/train-options';
import {tokens, training, validation} from '../sources';
import {TinyClassifier, TinyImages, TinyMasked, TinyPairs, TinyRecognizer} from '../tiny-kinds';
import {TinyModel, valuesOf} from '../tiny-model';

const random = new Random(1, 'rows');
const ids = (length: number) => Array.from({length}, () => 1 + random.below(4));
const sequences = Array.from({length: 12}, (_, i) => ids(1 + (i % 4)));
const firstOf = sequences.map(([first]) => Math.min(2, first - 1));
// A bright row, of three.
const pixels = Float32Array.from({length: 12 * 9}, (_, i) =>
  Math.floor((i % 9) / 3) === Math.floor(i / 9) % 3 ? i % 3 : 0,
);
const rowLabels = Array.from({length: 12}, (_, i) => i % 3);
const pairTokens = {beginToken: 5, endToken: 6, padToken: 0};

const sources = {
  masked: maskedWindows(tokens, {sequenceLength: 5, vocabSize: 7, maskToken: 7}).training,
  labelled: labelledSequences(sequences, firstOf, {padToken: 0, shuffle: true}),
  images: labelledImages({pixels, height: 3, width: 3, channels: 1}, rowLabels, {shuffle: true}),
  pairs: sequencePairs(
    sequences.map((source) => ({source, target: source.slice(0, 2)})),
    {...pairTokens, shuffle: true},
  ),
};

/** Frames of three utterances, and the two tokens of each. */
const speech: BatchSource = {
  kinds: ['speech-recognizer'],
  tokensPerExample: 1,
  numExamples: 3,
  batch(step, batchSize) {
    const first = step * batchSize;
    const rows = Math.min(batchSize, 3 - first);
    const frames = tf.tidy(() =>
      tf
        .range(8 * first, 8 * (first + rows))
        .reshape([rows, 4, 2])
        .div(10),
    );
    return {inputs: [frames, tf.fill([rows], 4, 'int32')], targets: tf.ones([rows, 2], 'int32')};
  },
};

const kinds: [kind: string, create: () => VariantModel, source: BatchSource][] = [
  ['masked-language-model', () => new TinyMasked({vocabSize: 8}), sources.masked],
  ['sequence-classifier', () => new TinyClassifier(), sources.labelled],
  ['image-classifier', () => new TinyImages(), sources.images],
  ['sequence-to-sequence', () => new TinyPairs(), sources.pairs],
  ['speech-recognizer', () => new TinyRecognizer(), speech],
];

async function withModel<M extends tf.LayersModel>(create: () => M, body: (model: M) => unknown): Promise<void> {
  const model = create();
  try {
    await body(model);
  } finally {
    model.dispose();
  }
}

async function all(steps: AsyncIterable<TrainingStep>): Promise<TrainingStep[]> {
  const list: TrainingStep[] = [];
  for await (const step of steps) list.push(step);
  return list;
}

/** The loss and the gradients of a step, as numbers. */
async function gradientsOf(model: VariantModel, source: BatchSource, options: TrainOptions): Promise<number[]> {
  const {loss, gradients} = await batchGradients(model, source, 0, resolveTrainOptions(options));
  const numbers = [loss, ...Object.values(gradients)].flatMap((tensor) => [...tensor.dataSync()]);
  tf.dispose([loss, gradients]);
  return numbers;
}

describe.each(kinds)('a %s', (kind, create, source) => {
  it('is trained, and holds no tensors then', () =>
    withModel(create, async (model) => {
      const {numTensors} = tf.memory();
      const steps = await all(train(model, source, {steps: 60, batchSize: 3, learningRate: 0.03}));
      const mean = (some: TrainingStep[]) => some.reduce((sum, {loss}) => sum + loss, 0) / some.length;
      expect(mean(steps.slice(-10))).toBeLessThan(mean(steps.slice(0, 10)));
      expect(tf.memory().numTensors).toBe(numTensors);
    }));

  it('has the same gradients in pieces and with layers that are run twice', () =>
    withModel(create, async (model) => {
      const whole = await gradientsOf(model, source, {batchSize: 3});
      for (const more of [{accumulate: 3}, {gradientCheckpointing: true}])
        (await gradientsOf(model, source, {batchSize: 3, ...more})).forEach((value, i) => {
          expect(value).toBeCloseTo(whole[i], 5);
        });
    }));

  it('goes on where it was left, to the same weights', () =>
    withModel(create, async (model) => {
      const states: Uint8Array[] = [];
      const saveTo = (state: Uint8Array) => void states.push(state);
      const options = {steps: 4, batchSize: 3, learningRate: 0.1};
      for await (const {number} of train(model, source, {...options, saveTo})) if (number === 2) break;
      await withModel(create, async (other) => {
        await all(train(other, source, {...options, resumeFrom: states[0]}));
        await withModel(create, async (whole) => {
          await all(train(whole, source, options));
          expect(valuesOf(other)).toEqual(valuesOf(whole));
        });
      });
    }));

  it('refuses what is for others, and others refuse what is for it', () =>
    withModel(create, async (model) => {
      const name = `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
      const refused = () => train(model, training);
      expect(refused).toThrow(ConfigError);
      expect(refused).toThrow(`train: the data is for a language-model, but ${model.name} is ${name}`);
      expect(() => train(model, source, {validation})).toThrow('train: the validation data is for a language-model');
      await withModel(
        () => new TinyModel(),
        async (other) => {
          expect(() => train(other, source)).toThrow(`the data is for ${name}, but tiny is a language-model`);
          await expect(evaluate(other, source)).rejects.toThrow('evaluate: the data is for');
        },
      );
      await expect(evaluate(model, source, {convention: 'stream'})).rejects.toThrow('is for language models');
    }));
});

describe('evaluate', () => {
  const wholeOf = (sourceOf: BatchSource) => ({...sourceOf, numExamples: 12});

  it.each(kinds.slice(0, 4))('tells of a %s how many are right', (_, create, source) =>
    withModel(create, async (model) => {
      const {inputs, targets}: Batch = source.batch(0, 12, 0);
      const {right, count, loss} = tf.tidy(() => {
        const outputs = model.forward(inputs, {training: false});
        const wanted = Array.from(model.counted(targets).dataSync());
        const likeliest = outputs.argMax(-1).dataSync();
        const counted = wanted.map((_, i) => i).filter((i) => wanted[i] >= 0);
        return {
          right: counted.filter((i) => likeliest[i] === wanted[i]).length,
          count: counted.length,
          loss: model.criterion(outputs, targets).dataSync()[0],
        };
      });
      tf.dispose([inputs, targets]);
      for (const batchSize of [4, 12]) {
        const result = await evaluate(model, wholeOf(source), {batchSize});
        expect(result).toMatchObject({accuracy: right / count, bitsPerByte: NaN, errorRate: NaN, tokens: count});
        expect(result.loss).toBeCloseTo(loss, 5);
      }
    }),
  );

  it('tells of a recognizer how much is wrong', () =>
    withModel(
      () => new TinyRecognizer(),
      async (model) => {
        const result = await evaluate(model, speech, {batchSize: 2});
        expect(result).toMatchObject({errorRate: 0.5, accuracy: NaN, bitsPerByte: NaN, tokens: 3});
      },
    ));

  it('smoothes no labels, whatever the training does', () =>
    withModel(
      () => new TinyPairs({labelSmoothing: 0.4}),
      async (smooth) =>
        withModel(
          () => new TinyPairs(),
          async (plain) => {
            const source = wholeOf(sources.pairs);
            expect(await evaluate(smooth, source)).toEqual(await evaluate(plain, source));
          },
        ),
    ));
});

describe('a step', () => {
  it('counts tokens, of pairs those of both, or images', () =>
    withModel(
      () => new TinyImages(),
      async (images) =>
        withModel(
          () => new TinyPairs(),
          async (pairs) => {
            const [ofImages] = await all(train(images, sources.images, {steps: 1, batchSize: 5}));
            expect(ofImages).toMatchObject({tokens: 5, unit: 'examples'});
            const [ofPairs] = await all(train(pairs, sources.pairs, {steps: 1, batchSize: 5}));
            expect(ofPairs).toMatchObject({tokens: 5 * (4 + 3), unit: 'tokens'});
          },
        ),
    ));

  it('is shown with the score of its kind', () =>
    withModel(
      () => new TinyImages(),
      async (model) => {
        const out = {write: vi.fn()};
        const options = {steps: 1, batchSize: 2, validation: {...sources.images, numExamples: 4}};
        await all({[Symbol.asyncIterator]: () => train(model, sources.images, options).withProgress(out)});
        expect(out.write.mock.calls[0][0]).toMatch(/ {2}validation \d+\.\d% right {2}[\d.]+k? examples\/s/);
      },
    ));
});

describe('what a model must hold', () => {
  it.each<[string, () => VariantModel, BatchSource, string]>([
    ['mask tokens', () => new TinyMasked(), sources.masked, "8 different tokens, but the model's vocabSize is 7"],
    ['labels', () => new TinyClassifier({numLabels: 2}), sources.labelled, "3 labels, but the model's numLabels is 2"],
    [
      'padding',
      () => new TinyClassifier({padToken: 6}),
      sources.labelled,
      "0 as padding, but the model's padToken is 6",
    ],
    ['classes', () => new TinyImages({numClasses: 2}), sources.images, "3 classes, but the model's numClasses is 2"],
    ['colours', () => new TinyImages({imageChannels: 3}), sources.images, "1 values a pixel, but the model's imageCha"],
    ['sources', () => new TinyPairs({sourceVocabSize: 4}), sources.pairs, '5 different source tokens'],
    ['targets', () => new TinyPairs({targetVocabSize: 6}), sources.pairs, '7 different target tokens'],
  ])('%s', (_, create, source, message) =>
    withModel(create, (model) => {
      expect(() => train(model, source)).toThrow(ConfigError);
      expect(() => train(model, source)).toThrow(message);
    }),
  );
});
