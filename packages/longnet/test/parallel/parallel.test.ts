import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {Worker} from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import {Random} from '@variants/core';
import {build} from 'esbuild';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {communicationMemory, ops, SharedMemoryCommunicator} from '../../src';
import type {Answer, Task} from './worker';

interface Case {
  workers: number;
  /** [batch, time, heads, size] */
  shape: [number, number, number, number];
  options: Task['options'];
  engine?: string;
  /** Room of the memory, for messages in several rounds. */
  floats?: number;
}

const names = ['queries', 'keys', 'values', 'probe'] as const;

function draw(shape: number[]): {[name in (typeof names)[number]]: tf.Tensor} {
  const random = new Random(7, 'parallel');
  const tensor = () =>
    tf.tensor(
      Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
      shape,
    );
  return {queries: tensor(), keys: tensor(), values: tensor(), probe: tensor()};
}

/** As many as a case has at most. They are started once, from one file: loading tfjs takes a second. */
let crew: Worker[] = [];
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longnet-'));
  const outfile = join(folder, 'worker.mjs');
  const require = `import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);`;
  await build({
    entryPoints: [fileURLToPath(new URL('./worker.ts', import.meta.url))],
    ...{bundle: true, platform: 'node', format: 'esm', outfile, banner: {js: require}, logLevel: 'error'},
  });
  crew = Array.from({length: 4}, () => new Worker(outfile));
});

afterAll(async () => {
  await Promise.all(crew.map((worker) => worker.terminate()));
  await rm(folder, {recursive: true});
});

function run(task: Task): Promise<Answer> {
  const worker = crew[task.rank];
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (answer: Answer) => {
      worker.off('error', reject);
      resolve(answer);
    });
    worker.postMessage(task);
  });
}

/** What the workers give together, put together along time, and what each sent. */
async function inParallel({workers, shape, options, engine = 'cpu', floats}: Case) {
  const memory = communicationMemory(workers, floats);
  const parts = tf.tidy(() => {
    const drawn = draw(shape);
    const split = names.map((name) => tf.split(drawn[name], workers, 1).map((part) => part.dataSync() as Float32Array));
    return Array.from({length: workers}, (_, rank) =>
      Object.fromEntries(names.map((name, i) => [name, split[i][rank]])),
    );
  });
  const [batch, time, ...rest] = shape;
  const part = [batch, time / workers, ...rest];
  const answers = await Promise.all(
    parts.map((own, rank) => run({memory, rank, engine, shape: part, options, ...own} as Task)),
  );
  const tensors = answers[0].tensors.map((_, i) =>
    tf.tidy(() => [
      ...tf
        .concat(
          answers.map((answer) => tf.tensor(answer.tensors[i], part)),
          1,
        )
        .dataSync(),
    ]),
  );
  return {tensors, bytesSent: answers.map((answer) => answer.bytesSent)};
}

/** The same on one. */
function alone({shape, options}: Case): number[][] {
  return tf.tidy(() => {
    const {queries, keys, values, probe} = draw(shape);
    const attend = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => ops.dilatedAttention(q, k, v, options).output;
    const gradients = tf.grads((...[q, k, v]: tf.Tensor[]) => attend(q, k, v).mul(probe).sum().asScalar())([
      queries,
      keys,
      values,
    ]);
    return [attend(queries, keys, values), ...gradients].map((tensor) => [...tensor.dataSync()]);
  });
}

function expectClose(actual: number[][], expected: number[][]): void {
  for (const [i, wanted] of expected.entries()) {
    const largest = Math.max(...wanted.map(Math.abs));
    expect(actual[i].length).toBe(wanted.length);
    const distance = Math.max(...wanted.map((value, j) => Math.abs(value - actual[i][j])));
    expect(distance / largest, `tensor ${i}`).toBeLessThan(1e-5);
  }
}

const patterns = {segmentLengths: [4, 8, 16, 32], dilations: [1, 2, 4, 8]};

describe('parallelDilatedAttention over worker threads', () => {
  it.each<[string, Case]>([
    ['causal', {workers: 4, shape: [2, 32, 4, 4], options: {...patterns, causal: true}}],
    [
      'causal, with xPos, shares differentiated, in several rounds, on the engine',
      {
        workers: 4,
        shape: [1, 32, 4, 4],
        options: {...patterns, causal: true, xPosScaleBase: 64, differentiateShares: true},
        engine: 'simd',
        floats: 10,
      },
    ],
    ['in both directions', {workers: 2, shape: [1, 32, 8, 2], options: patterns}],
    [
      'in both directions, the last segment unfinished',
      {workers: 3, shape: [1, 24, 2, 4], options: {segmentLengths: [4, 16], dilations: [1, 2]}},
    ],
    [
      'in both directions, the last segment unfinished and hidden',
      {workers: 3, shape: [1, 24, 2, 4], options: {segmentLengths: [8, 16], dilations: [1, 2], maskFilling: true}},
    ],
  ])('%s: output and gradients are those of one worker', async (_, given) => {
    expectClose((await inParallel(given)).tensors, alone(given));
  });

  it('sends as many bytes from a worker whatever the length', async () => {
    const sent = async (time: number) => {
      // Segments of 4 positions that nobody shares, and one of all of them, of which a head keeps 16.
      const options = {segmentLengths: [4, time], dilations: [1, time / 16], causal: true};
      return (await inParallel({workers: 2, shape: [1, time, 4, 4], options})).bytesSent;
    };
    const [short, long] = [await sent(32), await sent(256)];
    // 8 rows of keys and values for each head to one other worker, and as many gradients back.
    const bytes = 2 * 8 * (4 + 4) * 4 * 4;
    expect(short).toEqual([bytes, bytes]);
    expect(long).toEqual(short);
  });
});

describe('parallelDilatedAttention', () => {
  it('is dilatedAttention where there is one worker, and refuses parts that segments do not fit', () => {
    const communicator = new SharedMemoryCommunicator(communicationMemory(1), 0);
    const {queries, keys, values, probe} = draw([1, 12, 2, 4]);
    probe.dispose();
    const options = {segmentLengths: [4, 24], dilations: [1, 2]};
    const run = (more: object = {}) =>
      tf.tidy(() => [
        ...ops.parallelDilatedAttention(queries, keys, values, {...options, communicator, ...more}).output.dataSync(),
      ]);
    const whole = tf.tidy(() => [...ops.dilatedAttention(queries, keys, values, options).output.dataSync()]);
    expectClose([run()], [whole]);
    expect(communicator.bytesSent).toBe(0);
    expect(() => run({segmentLengths: [5, 24]})).toThrow(
      /segmentLengths has 5, but must divide the 12 positions of each/,
    );
    const second = {rank: 1, size: 2, allGather: () => [], reduceScatter: () => new Float32Array()};
    expect(() => run({communicator: second, segmentLengths: [4, 20]})).toThrow(
      /has 20, but must be a multiple of the 12/,
    );
    expect(() => run({communicator: second, dilations: [1, 5]})).toThrow(
      /dilations has 5 for segments of 24, but must divide/,
    );
    expect(() => run({communicator: {}})).toThrow(/communicator is .* but must be a Communicator/);
    tf.dispose([queries, keys, values]);
  });
});

describe('SharedMemoryCommunicator', () => {
  it('refuses sizes and ranks that are none', () => {
    expect(() => communicationMemory(0)).toThrow(/size is 0, but must be a whole number of at least 1/);
    expect(() => communicationMemory(2, 1.5)).toThrow(/floats is 1.5, but must be a whole number/);
    expect(() => new SharedMemoryCommunicator(communicationMemory(2), 2)).toThrow(/rank is 2, but must be .* 0 to 1/);
    expect(() => new SharedMemoryCommunicator({} as SharedArrayBuffer, 0)).toThrow(/memory is .*communicationMemory/);
  });
});
