import * as tf from '@tensorflow/tfjs';
import {setThreads} from '@variants/core/simd';
import {expect} from 'vitest';
import type {Checks} from './check';
import {difference, engine, resultBytes, sleeping, until, untilWorkers} from './engine';

async function sameBits(threads: readonly number[]): Promise<void> {
  await tf.setBackend('simd');
  await setThreads(1);
  const expected = resultBytes();
  for (const count of threads) {
    await setThreads(count);
    await untilWorkers(count - 1);
    expect(difference(resultBytes(), expected), `with ${count} threads`).toBeUndefined();
  }
}

/** In a page that is cross-origin isolated. */
export const sharedChecks: Checks = {
  'takes one thread per processor, at most 8': async () => {
    expect(crossOriginIsolated).toBe(true);
    await tf.setBackend('simd');
    expect(engine().threads.count).toBe(Math.min(8, navigator.hardwareConcurrency));
  },
  'has workers that wake up for work and sleep when it is done': async () => {
    await setThreads(3);
    await tf.setBackend('simd');
    await untilWorkers(2);
    const ones = tf.ones([512, 512]);
    // Looked at before they fall asleep again, some 50 microseconds after the product.
    await until('a product wakes workers up', () => {
      tf.matMul(ones, ones).dispose();
      return sleeping() < 2;
    });
    await untilWorkers(2);
    ones.dispose();
  },
  'gives the same bits with 1, 2 and 5 threads': () => sameBits([2, 5]),
  'gives the same bits right after the number of threads has changed': async () => {
    await tf.setBackend('simd');
    await setThreads(1);
    const expected = resultBytes();
    for (let round = 0; round < 6; round++) {
      const threads = 2 + (round % 3);
      await setThreads(threads);
      // By and by the new workers take part. Those before must not.
      for (let i = 0; i < 3; i++) {
        expect(difference(resultBytes(), expected), `with ${threads} threads, round ${round}`).toBeUndefined();
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    }
  },
  'takes 64 threads on any number of processors, with the same bits': async () => {
    await sameBits([64, 2]);
    await setThreads(64);
    expect(engine().threads.count).toBe(64);
  },
  'does the same in a worker of the page': async () => {
    const script = new URL('engine.js', location.href).href;
    const run = `engine.runCheck('isolated', 'gives the same bits with 1, 2 and 5 threads')`;
    const source = `importScripts('${script}');
      ${run}.then(() => postMessage(''), ({message}) => postMessage(message));`;
    const worker = new Worker(URL.createObjectURL(new Blob([source])));
    const message = await new Promise((resolve, reject) => {
      worker.onmessage = ({data}) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
    worker.terminate();
    expect(message).toBe('');
  },
};

/** In a page that is not. */
export const aloneChecks: Checks = {
  'works with one thread, whatever is asked for': async () => {
    expect(crossOriginIsolated).toBe(false);
    expect(typeof SharedArrayBuffer).toBe('undefined');
    await tf.setBackend('simd');
    expect(engine().threads.count).toBe(1);
    const expected = resultBytes();
    await setThreads(64);
    expect(engine().threads.count).toBe(1);
    expect(difference(resultBytes(), expected)).toBeUndefined();
  },
};
