import * as tf from '@tensorflow/tfjs';
import {Random, toAuthorsNames, VariantsError} from '@variants/core';
import {expect, it} from 'vitest';
import {bytesOf, named, type TensorParts, torchFile} from '../../core/test/files/torch-files';
import {fromPretrained, rwkv} from '../src';

/** A .pth file of a small model. */
function authorsFile(): Uint8Array {
  const model = rwkv({version: 4, vocabSize: 5, hiddenSize: 4, numLayers: 2, intermediateSize: 4});
  const file = tf.tidy(() => {
    const ours = new Map(model.weights.map((weight) => [weight.originalName, weight.read()]));
    const theirs = toAuthorsNames(model.layout, model.config, ours);
    const tensors = [...theirs].map(([name, {shape, size}], i): [string, TensorParts] => [
      name,
      {key: String(i), size, shape},
    ]);
    const storages = [...theirs.values()].map((x, i): [string, Uint8Array] => [
      String(i),
      bytesOf(x.dataSync<'float32'>().slice()),
    ]);
    return torchFile(named(Object.fromEntries(tensors)), Object.fromEntries(storages));
  });
  model.dispose();
  return file;
}

/** A file with a few of its bytes changed, taken out, put in or moved, or with its end cut off. */
function mutated(file: Uint8Array, random: Random): Uint8Array {
  const bytes = [...file];
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(bytes.length);
    const length = 1 + random.below(8);
    const change = random.below(6);
    if (change < 3) bytes[at] = random.below(256);
    else if (change === 3) bytes.splice(at, length);
    else if (change === 4) bytes.splice(at, 0, ...bytes.slice(random.below(bytes.length)).slice(0, length));
    else if (random.chance(0.3)) bytes.length = at;
  }
  return Uint8Array.from(bytes);
}

it('2,000 mutated files are each a whole model or an error of our own, and leave nothing behind', async () => {
  const file = authorsFile();
  const whole = await fromPretrained({weights: file});
  expect(whole.config).toMatchObject({version: 4, vocabSize: 5, hiddenSize: 4, numLayers: 2});
  whole.dispose();
  const {numTensors} = tf.memory();
  const random = new Random(1, 'mutations');
  const outcomes = {loaded: 0, refused: 0};
  for (let i = 0; i < 2000; i++) {
    const outcome = await fromPretrained({weights: mutated(file, random)}).catch((error: unknown) => error);
    if (outcome instanceof Error) {
      expect(outcome, `file ${i}`).toBeInstanceOf(VariantsError);
      expect(outcome.message, `file ${i}`).not.toContain('\n');
      outcomes.refused++;
    } else {
      (outcome as typeof whole).dispose();
      outcomes.loaded++;
    }
    expect(tf.memory().numTensors, `file ${i}`).toBe(numTensors);
  }
  expect(outcomes.refused).toBeGreaterThan(500);
  expect(outcomes.loaded).toBeGreaterThan(100);
});
