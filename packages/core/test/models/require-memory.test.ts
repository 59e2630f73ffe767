import * as tf from '@tensorflow/tfjs';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {setThreads} from '../../src/engines/simd/register';
import {EngineError} from '../../src/errors';
import {requireMemory} from '../../src/models/require-memory';

beforeAll(() => setThreads(1));
afterAll(async () => {
  await tf.setBackend('cpu');
});

it('refuses weights beyond one WebAssembly memory on the engine that has one', async () => {
  await tf.setBackend('simd');
  requireMemory('tiny', 2 ** 30 - 1);
  expect(() => requireMemory('tiny', 2 ** 30)).toThrow(EngineError);
  expect(() => requireMemory('tiny', 1.5e9)).toThrow(
    'tiny: 1,500,000,000 weights of 4 bytes take 5.6 GiB, but the engine simd has one WebAssembly memory of 4.0 GiB',
  );
  await tf.setBackend('cpu');
  requireMemory('tiny', 2 ** 30);
});
