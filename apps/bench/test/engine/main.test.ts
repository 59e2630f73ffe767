import {type ChildProcess, spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {EngineReport} from '../../src/engine/report';

const main = join(import.meta.dirname, '../../src/engine/main.ts');
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

/** Runs the program; `watch` is called whenever it says something on standard error. */
function run(argv: string[], watch: (child: ChildProcess, err: string) => void = () => {}): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', loader, main, ...argv], {cwd: directory});
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

const quick = ['--threads', '1', '--samples', '2', '--seconds', '0.3', '--json', 'run.json'];

describe('the benchmark', {timeout: 240_000}, () => {
  it('measures the engine and a peer side by side, and writes all samples', async () => {
    const {code, out, err} = await run(['--only', 'transpose', '--peers', 'wasm', ...quick]);
    expect(err).toBe('transpose: 1024 x 1024\ntranspose: 8 x 128 x 4 x 32: 0213\n');
    expect(code).toBe(0);
    expect(out).toMatch(/^Transposing, ms\n.*\n.*\n1024 x 1024 +[\d.]+ +[\d.]+ +[\d.]+x\n8 x 128 .*x\n$/);
    const report: EngineReport = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8'));
    expect(report.peers.map(({name}) => name)).toEqual(['simd', 'wasm']);
    const [{cases}] = report.groups;
    for (const {measurements} of cases)
      for (const {outcome} of measurements)
        expect(outcome).toEqual({milliseconds: expect.any(Array), result: expect.any(Array)});
    expect(report.unfinished).toEqual([]);
  });

  it('prints what it has on Ctrl-C, and says what it has not', async () => {
    let pressed = false;
    const {code, out, err} = await run(['--only', 'transpose,fft', '--peers', 'cpu', ...quick], (child, text) => {
      // In the middle of a call that takes half a minute.
      if (!pressed && text.includes('fft: complex')) pressed = child.kill('SIGINT');
    });
    expect(code).toBe(130);
    expect(out).toMatch(/^Transposing, ms\n/);
    expect(out).not.toContain('Fourier');
    expect(err).toContain('Interrupted; not measured: fft: complex; fft: real\n');
    expect(existsSync(join(directory, 'run.json'))).toBe(true);
  });
});

describe('what cannot be', () => {
  it.each([
    [['--only', 'matmal'], /^option '--only <names>' argument 'matmal' is invalid\. "matmal" is unknown; .*--help$/],
    [['--json', 'nowhere/run.json'], /^ENOENT: .*nowhere\/run\.json'$/],
    [['--document', 'missing.json'], /^ENOENT: .*missing\.json'$/],
    [['--document', 'other.json'], /^other\.json has no figures of this benchmark; .*$/],
  ])('%j is refused with one line and code 2', async (argv, message) => {
    writeFileSync(join(directory, 'other.json'), '{"name": "other"}');
    const {code, out, err} = await run(argv);
    expect(err).toMatch(/^[^\n]+\n$/);
    expect(err.trimEnd()).toMatch(message);
    expect([code, out]).toEqual([2, '']);
  });
});
