import * as tf from '@tensorflow/tfjs';
import {DataError} from '@variants/core';
import {expect, test} from 'vitest';
import {utterances} from '../../src/index';

const list = [
  {features: Float32Array.of(1, 2, 3, 4), labels: [1, 1, 2]},
  {features: Float32Array.of(5, 6), labels: []},
  {features: Float32Array.of(7, 8, 9, 10, 11, 12), labels: [3]},
];
const options = {inputSize: 2};

function read(source: ReturnType<typeof utterances>, step = 0, batchSize = 3, seed = 0) {
  const {inputs, targets} = source.batch(step, batchSize, seed);
  const values = [...inputs, targets].map((tensor) => tensor.arraySync());
  tf.dispose([inputs, targets]);
  return values;
}

test('fills features up with zeros and labels with -100, and says how long each is', () => {
  const source = utterances(list, options);
  const sizes = {vocabSize: 4, inputSize: 2, blank: 0, tokensPerExample: 1, numExamples: 3};
  expect(source).toMatchObject({...sizes, kinds: ['speech-recognizer']});
  expect(read(source)).toEqual([
    [
      [
        [1, 2],
        [3, 4],
        [0, 0],
      ],
      [
        [5, 6],
        [0, 0],
        [0, 0],
      ],
      [
        [7, 8],
        [9, 10],
        [11, 12],
      ],
    ],
    [2, 1, 3],
    [
      [1, 1, 2],
      [-100, -100, -100],
      [3, -100, -100],
    ],
  ]);
});

test('augments each batch by random numbers of its own, the same for the same step', () => {
  const seen: number[][] = [];
  const source = utterances(list, {
    ...options,
    shuffle: true,
    augment(features, lengths, random) {
      seen.push([...lengths]);
      return features.add(random.uniform());
    },
  });
  const [first] = read(source, 0, 2, 1);
  expect(read(source, 0, 2, 1)[0]).toEqual(first);
  const added = (step: number) => ((read(source, step, 2, 1)[0] as number[][][])[0][0][0] % 1).toFixed(4);
  expect(added(1)).not.toBe(added(0));
  const [, lengths] = read(source, 1, 2, 1);
  expect(seen[seen.length - 1]).toEqual(lengths);
  const wrong = utterances(list, {...options, augment: (features) => features.slice([0, 0, 0], [1, 1, 1])});
  expect(() => wrong.batch(0, 2, 0)).toThrow(
    /augment gives \[1,1,1\], but must give the shape of its features \[2,3,2\]/,
  );
  const broken = utterances(list, {
    ...options,
    augment() {
      throw new Error('broken');
    },
  });
  expect(() => broken.batch(0, 2, 0)).toThrow('broken');
  const same = utterances(list, {...options, augment: (features) => features});
  expect(read(same)).toEqual(read(utterances(list, options)));
});

test('tells its utterances from others', () => {
  const of = (some: typeof list) => utterances(some, options).fingerprint?.();
  expect(of(list)).toBe(of(list));
  expect(of([...list].reverse())).not.toBe(of(list));
  expect(of([{...list[0], features: Float32Array.of(1, 2, 3, 5)}, list[1], list[2]])).not.toBe(of(list));
});

test('refuses what are no utterances', () => {
  expect(() => utterances([], options)).toThrow(
    new DataError('utterances: there are no utterances; give at least one'),
  );
  expect(() => utterances([{features: new Float32Array(3), labels: [1]}], options)).toThrow(
    /has 3 features; give a whole/,
  );
  expect(() => utterances([{features: new Float32Array(0), labels: [1]}], options)).toThrow(/at least one/);
  expect(() => utterances([{features: [1, 2] as never, labels: [1]}], options)).toThrow(/must be a Float32Array/);
  expect(() => utterances([{features: new Float32Array(2), labels: [0]}], options)).toThrow(
    /label 0, which is the blank/,
  );
  expect(() => utterances([{features: new Float32Array(2), labels: [1.5]}], options)).toThrow(DataError);
  expect(() => utterances([{features: new Float32Array(2), labels: 3 as never}], options)).toThrow(/must be a list/);
  expect(() => utterances(list, {...options, vocabSize: 3})).toThrow(/id 3/);
  expect(() => utterances(list, {...options, augment: 1 as never})).toThrow(/augment is 1/);
  expect(() => utterances([null as never], options)).toThrow(/features of number 0/);
});
