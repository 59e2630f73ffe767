import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {VariantsError} from '@variants/core';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi} from 'vitest';
import {architectures} from '../src/architectures';
import {compare} from '../src/compare';
import {curveOf} from '../src/measure-architecture';
import type {BenchOptions} from '../src/options';
import {contexts, prepare, type Setup} from '../src/setup';

const directory = mkdtempSync(join(tmpdir(), 'variants bench '));
const text = join(directory, 'text.txt');
const options: BenchOptions = {
  kind: 'language-model',
  budget: 0.1,
  text,
  seed: 3,
  json: false,
  parameters: 40_000,
  sequenceLength: 8,
  batchSize: 2,
  learningRate: 1e-3,
  out: join(directory, 'reports'),
  debug: false,
};

const names = architectures.map(({card}) => card.name);

// Shorter than the longest context.
beforeAll(() => writeFileSync(text, 'Call me Ishmael. '.repeat(12)));
afterAll(() => rmSync(directory, {recursive: true}));

describe('prepare', () => {
  it('has a model of the wanted size for each, the same each time, and a prompt as long as the longest context', async () => {
    const {entrants, prompt} = await prepare(architectures, options);
    expect(entrants.map(({card}) => card.name)).toEqual(names);
    for (const {create} of entrants) {
      const [model, twin] = [create(), create()];
      expect(Math.abs(model.countParams() / 40_000 - 1)).toBeLessThan(0.01);
      expect(twin.getWeights()[0].dataSync()).toEqual(model.getWeights()[0].dataSync());
      model.dispose();
      twin.dispose();
    }
    expect(prompt).toHaveLength(contexts[contexts.length - 1]);
    expect(prompt.slice(204, 208)).toEqual(prompt.slice(0, 4));
  });

  it.each<[Partial<BenchOptions>, string]>([
    [{parameters: 40}, 'transformer: no configuration has 40 parameters'],
    [{backend: 'gpu9'}, 'start: no engine is called "gpu9"'],
    [{out: text}, `--out: reports cannot be written to ${text}: EEXIST`],
    [{out: join(text, 'below')}, 'ENOTDIR'],
  ])('refuses %o', async (more, message) => {
    const attempt = prepare(architectures, {...options, ...more});
    await expect(attempt).rejects.toThrow(VariantsError);
    await expect(attempt).rejects.toThrow(message);
  });
});

describe('compare', () => {
  let setup: Setup;
  let progress: string;
  let onProgress: () => void;
  beforeEach(async () => {
    setup = await prepare(architectures, options);
    progress = '';
    onProgress = () => {};
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      progress += chunk;
      onProgress();
      return true;
    });
  });
  afterEach(() => void vi.restoreAllMocks());

  it('has results of all, and the conditions', async () => {
    const report = await compare(setup, options, new AbortController().signal);
    expect(report.results.map(({name}) => name)).toEqual(names);
    expect(report.unfinished).toEqual([]);
    expect(report).toMatchObject({seed: 3, text, budgetSeconds: 0.1, wantedParameters: 40_000, sequenceLength: 8});
    expect(report.commit).toMatch(/^[0-9a-f]{7,}(-dirty)?$|^unknown/);
    expect(progress).toMatch(/^Transformer, [\d,]+ parameters\n.*RetNet, /s);
  });

  it('leaves out what is interrupted, and what would come after', async () => {
    const controller = new AbortController();
    onProgress = () => {
      if (progress.includes('RetNet')) controller.abort();
    };
    const {numTensors} = tf.memory();
    const [first, second] = setup.entrants;
    const report = await compare({...setup, entrants: [first, second, first]}, options, controller.signal);
    expect(report.results.map(({name}) => name)).toEqual(['transformer']);
    expect(report.unfinished).toEqual([
      {name: 'retnet', title: 'RetNet', reason: 'interrupted'},
      {name: 'transformer', title: 'Transformer', reason: 'interrupted'},
    ]);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('goes on with the others where a training diverges', async () => {
    const [first, second] = setup.entrants;
    const broken = {
      ...first,
      create() {
        const model = first.create();
        const [weight] = model.weights;
        tf.tidy(() => void weight.write(tf.fill(weight.shape as number[], Number.NaN)));
        return model;
      },
    };
    const report = await compare({...setup, entrants: [broken, second]}, options, new AbortController().signal);
    expect(report.results.map(({name}) => name)).toEqual(['retnet']);
    expect(report.unfinished).toMatchObject([{name: 'transformer', reason: expect.stringContaining('diverged')}]);
  });
});

describe('curveOf', () => {
  const steps = (count: number) =>
    Array.from({length: count}, (_, i) => ({number: i + 1, seconds: (i + 1) / 10, loss: (i % 2) * Math.LN2}));

  it('has every step of a short training', () => {
    expect(curveOf(steps(2))).toEqual([
      {step: 1, seconds: 0.1, bitsPerByte: 0},
      {step: 2, seconds: 0.2, bitsPerByte: 1},
    ]);
  });

  it('has at most 100 means of a long one, the last step included', () => {
    const curve = curveOf(steps(1001));
    expect(curve.length).toBeLessThanOrEqual(100);
    expect(curve[0]).toEqual({step: 11, seconds: 1.1, bitsPerByte: expect.closeTo(5 / 11, 12)});
    expect(curve[curve.length - 1].step).toBe(1001);
  });
});
