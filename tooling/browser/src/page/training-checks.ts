import {expect} from 'vitest';
import type {Checks} from './check';

/** What the worker of the recipe tells of a step. */
interface Told {
  engine: string;
  number: number;
  loss: number;
}

/** Training in a worker, with one thread or with several. */
export const trainingChecks: Checks = {
  'trains in a worker, step by step, and stays free meanwhile': async () => {
    const worker = new Worker('training-worker.js');
    const told: Told[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    try {
      await new Promise<void>((resolve, reject) => {
        worker.onerror = ({message}) => reject(new Error(message));
        worker.onmessage = ({data}: MessageEvent<Told>) => {
          told.push(data);
          if (data.number === 20) resolve();
        };
        worker.postMessage('the whale, the whale, the whale. '.repeat(60));
      });
    } finally {
      clearInterval(timer);
      worker.terminate();
    }
    expect(told.map(({number}) => number)).toEqual(Array.from({length: 20}, (_, i) => i + 1));
    expect(told[0].engine).toBe('simd');
    expect(told[19].loss).toBeLessThan(told[0].loss / 2);
    expect(turns).toBeGreaterThan(20);
  },
};
