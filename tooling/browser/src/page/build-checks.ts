import * as tf from '@tensorflow/tfjs';
import {EngineError, Random} from '@variants/core';
import {expect} from 'vitest';
import {code as relaxedCode} from '../../../../packages/core/src/engines/simd/generated/relaxed';
import {code as strictCode} from '../../../../packages/core/src/engines/simd/generated/strict';
import {compileEngine, relaxedProbe} from '../../../../packages/core/src/engines/simd/wasm';
import type {Checks} from './check';

/** Bytes of a module that is encoded as base64. */
const size = (encoded: string) => atob(encoded).length;

/** Runs something while the browser validates only modules of these sizes; resolves to the sizes of those compiled. */
async function validatingOnly(sizes: readonly number[], run: () => Promise<unknown>): Promise<number[]> {
  const {validate, compile} = WebAssembly;
  const compiled: number[] = [];
  WebAssembly.validate = (bytes) => sizes.includes(bytes.byteLength) && validate(bytes);
  WebAssembly.compile = (bytes) => {
    compiled.push((bytes as Uint8Array).byteLength);
    return compile(bytes);
  };
  try {
    await run();
  } finally {
    Object.assign(WebAssembly, {validate, compile});
  }
  return compiled;
}

/** The largest difference between a computation's values on the engine and on tfjs's cpu backend, relative to the largest. */
async function distance(compute: () => tf.Tensor): Promise<number> {
  await tf.setBackend('cpu');
  const expected = tf.tidy(() => [...compute().dataSync()]);
  await tf.setBackend('simd');
  const actual = tf.tidy(() => [...compute().dataSync()]);
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - actual[i]))) / largest;
}

function compute(): tf.Tensor {
  const random = new Random(1, 'builds');
  const x = tf.tensor2d(
    Float32Array.from({length: 70 * 70}, () => random.normal()),
    [70, 70],
  );
  return tf.softmax(tf.matMul(x, x, false, true).div(8)).add(tf.tanh(x));
}

async function runsBuild(valid: readonly number[], build: number): Promise<void> {
  expect(await validatingOnly(valid, () => tf.setBackend('simd'))).toEqual([build]);
  expect(await distance(compute)).toBeLessThan(1e-5);
}

const [relaxed, strict] = [size(relaxedCode), size(strictCode)];

/** Which build runs where. */
export const buildChecks: Checks = {
  'runs the relaxed build where the browser has relaxed SIMD': () =>
    runsBuild([relaxedProbe.length, relaxed, strict], relaxed),
  'runs the strict build where it has none': () => runsBuild([strict], strict),
  'says so in one line where there is no SIMD': async () => {
    const error = await validatingOnly([], compileEngine).catch((error: Error) => error);
    expect(error).toBeInstanceOf(EngineError);
    expect((error as Error).message).toMatch(
      /^simd: this machine runs no WebAssembly with SIMD .* take the engine "cpu"$/,
    );
  },
};
