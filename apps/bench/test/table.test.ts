import {describe, expect, it} from 'vitest';
import {columns, formatTable} from '../src/table';
import {exampleReport, exampleResult} from './example-report';

const report = exampleReport([
  exampleResult('transformer', 0),
  exampleResult('retnet', 1, {sample: 'Call\nme\x1b[2J\u009b "x"'}),
]);

describe('columns', () => {
  it('are what the comparison is about, at the shortest and the longest context', () => {
    const shown = columns(report).map(({heading, value}) => [heading.replace('\n', ' '), value(report.results[0])]);
    expect(shown).toEqual([
      ['architecture', 'TRANSFORMER'],
      ['parameters', '100,080'],
      ['steps', '1,234'],
      ['train tokens/s', '28,263'],
      ['bits per byte', '3.525'],
      ['ms/token at 64', '0.59'],
      ['ms/token at 256', '0.59'],
      ['state at 256', '192.0 KiB'],
    ]);
  });
});

describe('formatTable', () => {
  const lines = formatTable(report).split('\n');

  it('is a table as wide as its lines say, without colours', () => {
    const table = lines.slice(0, lines.indexOf(''));
    expect(new Set(table.map((line) => line.length)).size).toBe(1);
    expect(table[0].length).toBeLessThanOrEqual(100);
    expect(table.filter((line) => /TRANSFORMER|RETNET/.test(line))).toHaveLength(2);
    expect(lines.join('\n')).not.toContain('\x1b');
  });

  it('has a sample of each below, on one line, which no terminal obeys', () => {
    expect(lines).toContain('TRANSFORMER: "Call me transformer"');
    expect(lines).toContain('RETNET: "Call\\nme\\u001b[2J\ufffd \\"x\\""');
  });
});
