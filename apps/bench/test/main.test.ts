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

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

function run(argv: string[], watch: (child: ChildProcess, err: string) => void = () => {}): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', loader, main, ...argv, '--out', join(directory, 'reports')], {
    cwd: directory,
  });
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

describe('the main job', () => {
  it('trains, measures and reports', async () => {
    const {code, out} = await run(['--budget', '1s', '--only', 'retnet', '--parameters', '30000', '--json']);
    expect(code).toBe(0);
    const report: BenchReport = JSON.parse(out);
    expect(report).toMatchObject({seed: 0, text: 'moby-dick', budgetSeconds: 1});
    const [result] = report.results;
    expect(result.name).toBe('retnet');
    expect(Math.abs(result.parameters / 30000 - 1)).toBeLessThan(0.01);
    expect(result.steps).toBeGreaterThan(0);
    expect(result.tokens).toBe(result.steps * 8 * 64);
    expect(result.bitsPerByte).toBeGreaterThan(1);
    expect(result.decoding.map(({context}) => context)).toEqual([64, 128, 256, 512]);
    expect(new Set(result.decoding.map(({stateBytes}) => stateBytes)).size).toBe(1);
    expect(result.sample).toMatch(/^Call me/);

    expect(JSON.parse(readFileSync(join(directory, 'reports/comparison.json'), 'utf8'))).toEqual(report);
    const html = readFileSync(join(directory, 'reports/comparison.html'), 'utf8');
    expect(html.match(/<svg/g)).toHaveLength(4);
    expect(html).toContain('bits per byte');
    // Nothing is loaded from elsewhere.
    expect(html).not.toMatch(/(src|href)="https?:/);
  });

  it('ends cleanly on Ctrl-C, with what is done', async () => {
    let interrupted = false;
    const {code, err} = await run(['--budget', '60s', '--only', 'retnet', '--parameters', '30000'], (child, text) => {
      if (interrupted || !text.includes('step 1')) return;
      interrupted = child.kill('SIGINT');
    });
    expect(code).toBe(130);
    expect(err).toContain('Interrupted: 0 of 1 architectures are done');
    expect(err).not.toContain('    at ');
  });

  it.each([
    [['--backend', 'gpu9'], /^start: no engine is called "gpu9"; registered are .*$/m],
    [['--text', 'missing.txt'], /^.*missing\.txt.*$/m],
    [['--parameters', '50'], /^transformer: no configuration has 50 parameters within 1 %.*$/m],
    [['--budget', 'x'], /^.*--budget.*see pnpm start --help$/m],
  ])('refuses %j with one line and code 2', async (argv, message) => {
    const {code, out, err} = await run(argv);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err.trim()).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(existsSync(join(directory, 'reports'))).toBe(false);
  });

  it('refuses a text that is too short', async () => {
    writeFileSync(join(directory, 'short.txt'), 'Call me Ishmael.');
    const {code, err} = await run(['--text', 'short.txt']);
    expect(code).toBe(2);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('prints help', async () => {
    const {code, out} = await run(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('--budget <time>');
  });
});
