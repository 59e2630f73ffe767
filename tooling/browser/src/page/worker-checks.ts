import * as tf from '@tensorflow/tfjs';
import {EngineError} from '@variants/core';
import {setThreads} from '@variants/core/simd';
import {expect} from 'vitest';
import {ACTIVE_ADDRESS} from '../../../../packages/core/src/engines/simd/memory-layout';
import type {Checks} from './check';
import {difference, engine, resultBytes, shared, until, untilWorkers} from './engine';

/** The engine with one thread, and its results. */
async function resultsAlone(): Promise<Uint8Array[]> {
  await setThreads(1);
  await tf.setBackend('simd');
  return resultBytes();
}

/** Starts the engine's workers, with another class in the place of the browser's. */
async function setThreadsWith(threads: number, replacement: typeof Worker): Promise<void> {
  const original = globalThis.Worker;
  globalThis.Worker = replacement;
  try {
    await setThreads(threads);
  } finally {
    globalThis.Worker = original;
  }
}

/** A worker that runs another program than the one it is given. */
function workerThatRuns(source: string): typeof Worker {
  return class extends Worker {
    constructor() {
      super(URL.createObjectURL(new Blob([source])));
    }
  };
}

async function goesOnAlone(expected: readonly Uint8Array[]): Promise<void> {
  await until('one thread is left', () => engine().threads.count === 1);
  expect(difference(resultBytes(), expected)).toBeUndefined();
}

/** What happens to workers that fail, in a page that is cross-origin isolated. */
export const failureChecks: Checks = {
  'goes on when a worker is killed while it waits': async () => {
    const expected = await resultsAlone();
    const workers: Worker[] = [];
    const recorded = class extends Worker {
      constructor(url: string | URL) {
        super(url);
        workers.push(this);
      }
    };
    await setThreadsWith(3, recorded);
    await untilWorkers(2);
    workers[0].terminate();
    expect(difference(resultBytes(), expected)).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(difference(resultBytes(), expected)).toBeUndefined();
  },
  'raises when a worker dies at work, goes on with one thread, and takes new workers': async () => {
    const expected = await resultsAlone();
    // As one that took part in a job and was gone before its end.
    const dying = workerThatRuns(`onmessage = ({data: {memory}}) => {
      Atomics.add(new Int32Array(memory.buffer), ${ACTIVE_ADDRESS / 4}, 1);
      close();
    };`);
    await setThreadsWith(2, dying);
    await until('the worker is at work', () => shared(ACTIVE_ADDRESS) === 1);
    const before = tf.memory().numTensors;
    expect(() => resultBytes()).toThrow(EngineError);
    expect(tf.memory().numTensors).toBe(before);
    expect(engine().threads.count).toBe(1);
    expect(difference(resultBytes(), expected)).toBeUndefined();
    await setThreads(2);
    await untilWorkers(1);
    expect(difference(resultBytes(), expected)).toBeUndefined();
  },
  'goes on with one thread when a worker fails as it starts': async () => {
    const expected = await resultsAlone();
    await setThreadsWith(2, workerThatRuns(`onmessage = () => { throw new Error('out of memory'); };`));
    await goesOnAlone(expected);
  },
};

/** In a page that is cross-origin isolated and whose policy forbids workers. */
export const forbiddenChecks: Checks = {
  'goes on with one thread when the page may have no workers': async () => {
    const expected = await resultsAlone();
    await setThreads(3);
    await goesOnAlone(expected);
  },
};
