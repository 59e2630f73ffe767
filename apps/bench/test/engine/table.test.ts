import {describe, expect, it} from 'vitest';
import {ratioText, short} from '../../src/engine/figures';
import {formatReport} from '../../src/engine/table';
import {exampleReport} from './example-report';

describe('formatReport', () => {
  const text = formatReport(exampleReport);

  it('has the engine by threads, peers at their best, and ratios of medians', () => {
    const [heading, ...rest] = text.slice(text.indexOf('Matrix products')).split('\n');
    expect(heading).toBe('Matrix products, GFLOP/s');
    const [first, second, product, copy] = rest.map((line) => line.trim().split(/\s+/));
    expect(first).toEqual(['simd', 'simd', 'tfjs', 'vs', 'vs']);
    expect(second).toEqual(['x1', 'x2', 'wasm', 'PyTorch', 'wasm', 'torch']);
    expect(product).toEqual(['512', 'a·b', '40.0', '80.0', '2.00', '200', '40x', '0.40x']);
    expect(copy).toEqual(['a', 'copy', '0.000', 'error', '>20', 's', 'none']);
  });

  it('shows a peer that does a few things where it does any', () => {
    expect(text).toMatch(/^Reading memory, GB\/s\n.*plain/m);
    expect(text.slice(text.indexOf('Matrix products'))).not.toContain('plain');
  });

  it('says in a line each who is missing and what failed', () => {
    expect(text).toContain('\njax-js is left out: it is not here.\n');
    expect(text).toMatch(/\nmatmul: a copy: simd with 2 failed: out of memory$/);
  });

  it('is narrower than 100 columns, without colours', () => {
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(100);
    expect(text).not.toContain('\x1b');
  });
});

it('numbers have about three digits', () => {
  const shown = [0.0123, 0.99951, 1.234, 9.996, 12.34, 99.96, 12345].map(short);
  expect(shown).toEqual(['0.012', '1.00', '1.23', '10.0', '12.3', '100', '12,345']);
  expect([0.123, 0.996, 1.84, 9.96, 2450.4].map(ratioText)).toEqual(['0.12x', '1.0x', '1.8x', '10x', '2,450x']);
  expect(ratioText(undefined)).toBe('');
});
