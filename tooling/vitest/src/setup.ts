import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterEach, beforeEach} from 'vitest';

// The same cases on every machine and every day: a test fails by what was changed. Another seed draws others.
fc.configureGlobal({seed: Number(process.env.PROPERTY_SEED ?? 1)});

// tfjs keeps quiet about running in Node, and checks that no kernel leaks memory.
tf.env().set('IS_TEST', true);

let tensorsBefore = 0;

beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});

// What a suite makes in `beforeAll` lives on; what a test makes, it must dispose of.
afterEach(({task}) => {
  const alreadyFailed = task.result?.state === 'fail';
  const leaked = tf.memory().numTensors - tensorsBefore;
  if (leaked > 0 && !alreadyFailed) throw new Error(`"${task.name}" leaked ${leaked} tensor${leaked === 1 ? '' : 's'}`);
});
