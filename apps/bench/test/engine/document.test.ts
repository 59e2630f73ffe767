import {readFileSync} from 'node:fs';
import {ConfigError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {withFigures} from '../../src/engine/document';
import {fullSizes, groupsOf} from '../../src/engine/tasks/cases';
import {exampleReport} from './example-report';

const marked = (name: string, old = '') => `Before.\n<!-- figures ${name} -->\n${old}<!-- /figures -->\nAfter.\n`;

describe('withFigures', () => {
  it('puts the floor of each case between its markers', () => {
    const page = withFigures(marked('floor'), exampleReport);
    expect(page).toContain(
      'Measured peak: 100 GFLOP/s of multiply-adds, 25.0 GB/s from memory, 50.0 GB/s from a cache.',
    );
    // 1 GFLOP at 100 per second takes 10 ms; two threads took 12.5.
    expect(page).toContain('| matmul: 512 a·b | 10.0 | arithmetic | 12.5 | 80 % | 2.50 | PyTorch, 5.00 |');
    // 50 MB at 25 GB/s take 2 ms.
    expect(page).toContain('| matmul: a copy | 2.00 | memory | 4.00 | 50 % | 2.00 |  |');
    expect(page).not.toContain('| memory:');
    expect(page).toMatch(/^Before\.\n.*\nAfter\.\n$/s);
  });

  it('puts in the table of a group, with ratios', () => {
    const page = withFigures(marked('matmul'), exampleReport);
    expect(page).toContain('| GFLOP/s | simd, 1 thread | simd, 2 threads | tfjs wasm | PyTorch |');
    expect(page).toContain('| 512 a·b | 40.0 | 80.0 | 2.00 (40x) | 200 (0.40x) |');
    expect(page).toContain('| a copy | 0.000 | error | >20 s | none |');
  });

  it('says where and how the figures were taken', () => {
    const page = withFigures(marked('conditions'), exampleReport);
    expect(page).toContain(
      'A processor, 2 cores, Node v20.19.0; 2026-01-02, commit 0123abc: `pnpm bench:engine --json run.json`.',
    );
    expect(page).toContain('of simd, tfjs wasm, PyTorch, plain C; jax-js was missing.');
  });

  it('replaces what stood there, and does the same twice', () => {
    const once = withFigures(marked('matmul', 'old figures\n') + marked('floor'), exampleReport);
    expect(once).not.toContain('old figures');
    expect(withFigures(once, exampleReport)).toBe(once);
  });

  it('refuses figures that are not of a whole run', () => {
    const refused = (name: string, changes: Partial<typeof exampleReport>) => () =>
      withFigures(marked(name), {...exampleReport, ...changes});
    expect(refused('fft', {})).toThrow(ConfigError);
    expect(refused('fft', {})).toThrow('these figures lack the group fft; measure without --only');
    expect(refused('floor', {groups: exampleReport.groups.slice(1)})).toThrow('lack the groups memory and peak');
    expect(refused('matmul', {unfinished: ['fft: real']})).toThrow('of a run that was interrupted at fft: real');
  });
});

it('docs/performance.md has a place for every group, and for nothing else', () => {
  const page = readFileSync(new URL('../../../../docs/performance.md', import.meta.url), 'utf8');
  const places = [...page.matchAll(/<!-- figures (\S+) -->/g)].map(([, name]) => name).sort();
  expect(places).toEqual(['conditions', 'floor', ...groupsOf(fullSizes).map(({name}) => name)].sort());
  expect(page.match(/<!-- \/figures -->/g)).toHaveLength(places.length);
});
