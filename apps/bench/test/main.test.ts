import {type ChildProcess, spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {BenchReport} from '../src/results';

const main = join(import.meta.dirname, '../src/main.ts');
// As in the start script: one process, so that it gets the signals itself.
const loader = import.meta.resolve('tsx');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'variants bench '));
});
afterEach(() => rmSync(directory, {recursive: true}));
const reports = () => join(directory, 'reports');

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the program, in a directory whose name has a space; `watch` is called whenever it says something on standard error. */
function run(argv: string[], watch: (child: ChildProcess, err: string) => void = () => {}): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', loader, main, '--out', reports(), ...argv], {cwd: directory});
  const outcome: Outcome = {code: null, out: '', err: ''};
  child.stdout.on('data', (data) => {
    outcome.out += data;
  });
  child.stderr.on('data', (data) => {
    outcome.err += data;
    watch(child, outcome.err);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({...outcome, code})));
}

/** Presses Ctrl-C, once, when the program has said this. */
function interruptAt(words: string) {
  let done = false;
  return (child: ChildProcess, err: string) => {
    if (!done && err.includes(words)) done = child.kill('SIGINT');
  };
}

const tiny = ['--budget', '1s', '--parameters', '40000', '--only', 'transformer,retnet'];

describe('the main job', () => {
  it('trains, measures, and prints JSON alone where that is wanted', async () => {
    const {code, out, err} = await run(['--budget', '1s', '--only', 'retnet', '--parameters', '30000', '--json']);
    expect(code).toBe(0);
    const report: BenchReport = JSON.parse(out);
    const {results, ...conditions} = report;
    const text = expect.any(String);
    expect(conditions).toEqual({
      command: expect.stringMatching(/^pnpm start --out '.*' --budget 1s --only retnet --parameters 30000 --json$/),
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      commit: text,
      engine: 'simd',
      machine: text,
      seed: 0,
      text: 'moby-dick',
      budgetSeconds: 1,
      wantedParameters: 30_000,
      sequenceLength: 64,
      batchSize: 8,
      learningRate: 0.004,
      unfinished: [],
    });
    const number = expect.any(Number);
    const point = {context: number, millisecondsPerToken: number, stateBytes: number};
    expect(results).toEqual([
      {
        name: 'retnet',
        title: 'RetNet',
        config: expect.objectContaining({vocabSize: 256, seed: 0}),
        parameters: number,
        steps: number,
        tokens: results[0].steps * 8 * 64,
        tokensPerSecond: number,
        bitsPerByte: number,
        trainingCurve: results[0].trainingCurve.map(() => ({step: number, seconds: number, bitsPerByte: number})),
        decoding: [64, 128, 256, 512].map((context) => ({...point, context})),
        sample: expect.stringMatching(/^Call me./),
      },
    ]);
    const [{parameters, bitsPerByte, steps, trainingCurve, decoding}] = results;
    expect(Math.abs(parameters / 30_000 - 1)).toBeLessThan(0.01);
    expect(bitsPerByte).toBeGreaterThan(1);
    expect(bitsPerByte).toBeLessThan(9);
    expect(trainingCurve[trainingCurve.length - 1].step).toBe(steps);
    // What RetNet keeps is as large after a word as after a book.
    expect(new Set(decoding.map(({stateBytes}) => stateBytes)).size).toBe(1);

    expect(err).toMatch(/^RetNet, [\d,]+ parameters\n.*step 1 .*\nReports: .*comparison\.json, .*comparison\.html\n$/s);
    expect(JSON.parse(readFileSync(join(reports(), 'comparison.json'), 'utf8'))).toEqual(report);
    expect(readFileSync(join(reports(), 'comparison.html'), 'utf8')).toContain('RetNet');
  });

  it('prints a table and samples, without colours where it is no terminal', async () => {
    const {code, out, err} = await run(tiny);
    expect(code).toBe(0);
    expect(out.match(/^│ (Transformer|RetNet) .*│$/gm)).toHaveLength(2);
    expect(out.match(/^(Transformer|RetNet): "Call me.*"$/gm)).toHaveLength(2);
    expect(out + err).not.toContain('\x1b');
  });

  it('compares another kind of models on a task of its own', async () => {
    const {code, out, err} = await run(['--kind', 'image-classifier', '--budget', '1s', '--parameters', '40000']);
    expect(code).toBe(0);
    expect(out).toMatch(/│ AFT +│ +[\d,]+ │ +\d+ │ +\d+ │ +\d\.\d{3} │ +\d+\.\d % │/);
    expect(out).toContain('Task: shapes in noisy images');
    expect(err).toMatch(/step 1 .* examples\/s/);
    const report = JSON.parse(readFileSync(join(reports(), 'comparison-image-classifier.json'), 'utf8'));
    expect(report).toMatchObject({kind: 'image-classifier', budgetSeconds: 1, results: [{name: 'aft'}]});
  });

  it('ends cleanly on Ctrl-C, with the architectures that are done', async () => {
    const {code, out, err} = await run([...tiny, '--json'], interruptAt('RetNet,'));
    expect(code).toBe(130);
    const report: BenchReport = JSON.parse(out);
    expect(report.results.map(({name}) => name)).toEqual(['transformer']);
    expect(report.unfinished).toEqual([{name: 'retnet', title: 'RetNet', reason: 'interrupted'}]);
    expect(err).toContain('RetNet has no results: interrupted');
    expect(err).not.toContain('    at ');
    expect(readFileSync(join(reports(), 'comparison.html'), 'utf8')).toContain('RetNet has no results: interrupted');
  });

  it('has nothing to report on Ctrl-C in the first of them', async () => {
    const {code, out, err} = await run(['--budget', '60s', ...tiny.slice(2)], interruptAt('step 1'));
    expect(code).toBe(130);
    expect(out).toBe('');
    expect(err).toContain('Transformer has no results: interrupted\nRetNet has no results: interrupted\n');
    expect(existsSync(join(reports(), 'comparison.html'))).toBe(false);
  });

  it('writes its reports though nobody reads what it prints', async () => {
    const {code, err} = await run(['--budget', '1s', '--parameters', '40000', '--only', 'retnet'], (child) =>
      child.stdout?.destroy(),
    );
    expect(code).toBe(0);
    expect(err).not.toContain('EPIPE');
    expect(existsSync(join(reports(), 'comparison.json'))).toBe(true);
  });
});

describe('what cannot be', () => {
  it.each([
    [['--backend', 'gpu9'], /^start: no engine is called "gpu9"; registered are simd, .*$/],
    [['--text', 'missing.txt'], /^missing\.txt cannot be read: there is no such file; .*$/],
    [['--text', 'short.txt'], /^textWindows: the training part has \d+ tokens; .*: give a longer text or .*$/],
    [['--bugdet', '3s'], /^unknown option '--bugdet' \(Did you mean --budget\?\); see pnpm start --help$/],
  ])('%j is refused with one line and code 2, before anything is trained', async (argv, message) => {
    writeFileSync(join(directory, 'short.txt'), 'Call me Ishmael.');
    const {code, out, err} = await run(argv);
    expect(err).toMatch(/^[^\n]+\n$/);
    expect(err.trimEnd()).toMatch(message);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(existsSync(reports())).toBe(false);
  });

  it('has a stack with --debug', async () => {
    const {code, err} = await run(['--text', 'missing.txt', '--debug']);
    expect(code).toBe(2);
    expect(err).toMatch(/^DataError: missing\.txt cannot be read.*\n {4}at /);
  });
});

it('prints help', async () => {
  const {code, out, err} = await run(['--', '--help']);
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage: pnpm start \[options\]\n/);
  expect(out).toContain('--budget <time>');
  expect(err).toBe('');
});
