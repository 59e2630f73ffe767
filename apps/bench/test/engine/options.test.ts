import {availableParallelism} from 'node:os';
import {ConfigError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {parseEngineOptions} from '../../src/engine/options';

const parse = (...argv: string[]) => parseEngineOptions(argv, ['matmul', 'fft'], ['wasm', 'torch']);

describe('parseEngineOptions', () => {
  it('measures everything with one thread and with all', () => {
    const options = parse();
    expect(options).toMatchObject({only: ['matmul', 'fft'], peers: ['wasm', 'torch'], debug: false});
    expect(options.threads).toEqual([...new Set([1, Math.min(8, availableParallelism())])]);
    expect(options.json).toBeUndefined();
  });

  it('reads names, numbers and files, also behind the -- that pnpm passes on', () => {
    expect(parse('--', '--only', 'fft').only).toEqual(['fft']);
    expect(parse('--peers', 'torch, wasm').peers).toEqual(['torch', 'wasm']);
    expect(parse('--threads', '2,1,2').threads).toEqual([1, 2]);
    expect(parse('--threads', '1').threads).toEqual([1]);
    expect(parse('--samples', '5', '--seconds', '0.5', '--json', 'a.json')).toMatchObject({
      samples: 5,
      seconds: 0.5,
      json: 'a.json',
    });
    expect(parse('--document', 'a.json').document).toBe('a.json');
  });

  it.each([
    [['--only', 'matmal'], /"matmal" is unknown; known are matmul, fft; see pnpm bench:engine --help$/],
    [['--peers', 'numpy'], /"numpy" is unknown; known are wasm, torch/],
    [['--threads', '0'], /must be a number above 0/],
    [['--threads', '1,x'], /must be a number above 0/],
    [['--threads', '65'], /must be whole numbers from 1 to 64/],
    [['--samples', '1.5'], /must be a whole number above 0/],
    [['--seconds', 'soon'], /must be a number above 0/],
    [['--jsn', 'x'], /^unknown option '--jsn' \(Did you mean --json\?\); see pnpm bench:engine --help$/],
    [['--json'], /argument missing/],
  ])('refuses %j in one line', (argv, message) => {
    expect(() => parse(...argv)).toThrow(ConfigError);
    expect(() => parse(...argv)).toThrow(message);
    expect(() => parse(...argv)).not.toThrow(/\n/);
  });
});
