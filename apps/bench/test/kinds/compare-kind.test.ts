import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {ConfigError} from '@variants/core';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi} from 'vitest';
import {contestantsOfKind} from '../../src/architectures';
import {compareKind, formatKindTable} from '../../src/kinds/compare-kind';
import {comparedKinds} from '../../src/kinds/data';
import type {BenchOptions} from '../../src/options';

const directory = mkdtempSync(join(tmpdir(), 'variants bench '));
const text = join(directory, 'text.txt');
const options: BenchOptions = {
  kind: 'language-model',
  budget: 0.2,
  text,
  seed: 3,
  json: false,
  parameters: 30_000,
  sequenceLength: 8,
  batchSize: 2,
  learningRate: 1e-3,
  out: join(directory, 'reports'),
  debug: false,
};

beforeAll(() => writeFileSync(text, 'Call me Ishmael. '.repeat(20)));
afterAll(() => rmSync(directory, {recursive: true}));
beforeEach(() => void vi.spyOn(process.stderr, 'write').mockReturnValue(true));
afterEach(() => void vi.restoreAllMocks());

describe.each(comparedKinds)('the comparison of %ss', (kind) => {
  it('trains and scores all that have one, at equal size', async () => {
    const report = await compareKind(kind, options, new AbortController().signal);
    expect(report.results.map(({name}) => name)).toEqual(contestantsOfKind[kind].map(({card}) => card.name));
    for (const {parameters, steps, accuracy, examplesPerSecond} of report.results) {
      expect(Math.abs(parameters / 30_000 - 1)).toBeLessThan(0.01);
      expect(steps).toBeGreaterThan(0);
      expect(examplesPerSecond).toBeGreaterThan(0);
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(accuracy).toBeLessThanOrEqual(1);
    }
    expect(report.unfinished).toEqual([]);
    const lines = formatKindTable(report).split('\n');
    expect(lines.filter((line) => / %\s*│$/.test(line))).toHaveLength(report.results.length);
    expect(lines.at(-1)).toBe(`Task: ${report.task}`);
  });
});

it('leaves out what is interrupted', async () => {
  const {numTensors} = tf.memory();
  const report = await compareKind('image-classifier', options, AbortSignal.abort());
  expect(report.results).toEqual([]);
  expect(report.unfinished).toEqual([{name: 'aft', title: 'AFT', reason: 'interrupted'}]);
  expect(tf.memory().numTensors).toBe(numTensors);
});

it('refuses an architecture without such a model', async () => {
  const attempt = compareKind('image-classifier', {...options, only: ['retnet']}, new AbortController().signal);
  await expect(attempt).rejects.toThrow(
    new ConfigError('--only: retnet has no image-classifier here; those that have are aft'),
  );
});

it('refuses a size that no model has', async () => {
  const attempt = compareKind('image-classifier', {...options, parameters: 40}, new AbortController().signal);
  await expect(attempt).rejects.toThrow('aft: no shape has 40 parameters within 1 %');
});
