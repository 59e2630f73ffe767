import {describe, expect, it} from 'vitest';
import type {ScalingResult} from '../../src/scaling/measure';
import {scalingPlot, scalingRows} from '../../src/scaling/report';

const lengths = [2048, 4096, 8192];
const of = (name: string, milliseconds: (length: number) => number, last = 3): ScalingResult => ({
  ...{kind: 'language-model', name, title: name.toUpperCase(), claim: 'T'},
  points: lengths.map((length, i) =>
    i < last
      ? {
          ...{length, stepMilliseconds: [1, 3, 2].map((x) => x * milliseconds(length)), peakBytes: 4 * length},
          forwardMilliseconds: [milliseconds(length)],
        }
      : {length, missing: 'too slow'},
  ),
});
const results = [of('transformer', (t) => t ** 2 / 8192), of('linear', (t) => t / 2, 3), of('slow', (t) => t, 1)];

describe('the table', () => {
  const [head, transformer, linear, slow] = scalingRows({results, lengths});
  const cell = (row: string[], name: string) => row[head.indexOf(name)];

  it('has medians, exponents and crossovers', () => {
    expect(cell(transformer, 'ms at 4,096')).toBe('4,096');
    expect([cell(transformer, 'exponent'), cell(linear, 'exponent')]).toEqual(['2.00', '1.00']);
    expect([cell(transformer, 'ahead from'), cell(linear, 'ahead from')]).toEqual(['baseline', '4,096']);
    expect(cell(linear, 'of memory')).toBe('1.00');
  });

  it('leaves open what was not measured', () => {
    expect([cell(slow, 'ms at 8,192'), cell(slow, 'exponent'), cell(slow, 'ahead from')]).toEqual(['', '', '']);
  });
});

it('the plot has a line and a name for each', () => {
  const svg = scalingPlot({results, lengths});
  for (const {title} of results) expect(svg).toContain(title);
  expect(svg.match(/aria-label="line"/g)).toHaveLength(3);
});
