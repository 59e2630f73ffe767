import {parseHTML} from 'linkedom';
import {describe, expect, it} from 'vitest';
import {htmlReport} from '../src/html-report';
import {columns} from '../src/table';
import {exampleReport, exampleResult} from './example-report';
import {tagErrors} from './well-formed';

const hostile = exampleResult('retnet', 1, {
  title: 'Ret"Net & <b>',
  sample: '</pre><script>alert(1)</script>\0\x1b[31m\u009b & "so" on\n',
});
const report = exampleReport([exampleResult('transformer', 0), hostile], {
  unfinished: [{name: 'hyena', title: 'Hyena', reason: 'train: diverged at step 3 <NaN>'}],
});
const html = htmlReport(report);
const {document} = parseHTML(html);
const textsOf = (selector: string) => Array.from(document.querySelectorAll(selector), ({textContent}) => textContent);

describe('tagErrors', () => {
  it.each([
    ['<p>a</p><meta charset="utf-8">', 0],
    ['<p><b>a</p></b>', 2],
    ['<p>', 1],
    ['a < b', 1],
    ['a & b', 1],
    ['<p class="a>b</p>', 2],
  ])('of %s', (page, count) => {
    expect(tagErrors(page)).toHaveLength(count);
  });
});

describe('the HTML report', () => {
  it('is well formed, whatever models say', () => {
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(tagErrors(html.replace(/<style>[^<]*<\/style>/g, ''))).toEqual([]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
    expect(html).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
    expect(html).not.toMatch(/undefined|NaN(?!&gt;)|\[object/);
  });

  it('needs nothing beside itself', () => {
    expect(textsOf('script, link, img, iframe, object, embed')).toEqual([]);
    expect(html).not.toMatch(/\b(?:src|href|srcset|action)=|url\(|@import/);
    // Names of XML dialects are no addresses that are loaded.
    expect(html.replace(/xmlns(?::xlink)?="[^"]*"/g, '')).not.toMatch(/https?:|\/\/\w/);
  });

  it('has the table of the comparison', () => {
    const shown = columns(report);
    expect(textsOf('th')).toEqual(shown.map(({heading}) => heading));
    const cells = report.results.flatMap((result) => shown.map(({value}) => value(result)));
    expect(textsOf('td').map((text) => text?.trim())).toEqual(cells);
    expect(document.querySelector('body')?.textContent).toContain(
      'Hyena has no results: train: diverged at step 3 <NaN>',
    );
  });

  it('has four plots with a line for each architecture, in the colours of the legend', () => {
    expect(textsOf('figcaption')).toEqual([
      'Training, by time',
      'Training, by steps',
      'Decoding: time of a token',
      'Decoding: size of the state',
    ]);
    const strokes = (selector: string) =>
      Array.from(document.querySelectorAll(selector), (element) => element.getAttribute('stroke'));
    const legend = strokes('.legend line');
    expect(new Set(legend).size).toBe(2);
    for (const figure of document.querySelectorAll('figure')) {
      const lines = Array.from(figure.querySelectorAll('g[aria-label="line"]'));
      expect(lines.map((line) => line.getAttribute('stroke'))).toEqual(legend);
      for (const path of figure.querySelectorAll('g[aria-label="line"] path'))
        expect(path.getAttribute('d')).toMatch(/^M[\d.]+,[\d.]+L[^N]*$/);
    }
  });

  it('labels its axes with units', () => {
    const labels = textsOf('g[aria-label$="axis label"]').join(' ');
    for (const unit of ['seconds', 'steps', 'bits per byte', 'milliseconds', 'tokens of context', 'KiB'])
      expect(labels).toContain(unit);
  });

  it('has the samples, the conditions and the configurations', () => {
    expect(textsOf('h3')).toEqual(['TRANSFORMER', 'Ret"Net & <b>']);
    const [first, second] = textsOf('h3 + pre');
    expect(first).toBe('Call me transformer');
    expect(second).toBe('</pre><script>alert(1)</script>\ufffd\ufffd[31m\ufffd & "so" on\n');
    expect(textsOf('dt')).toContain('wanted parameters');
    expect(textsOf('dd')).toContain("pnpm start --text 'a & b.txt'");
    expect(textsOf('details pre')[0]).toContain('"norm": "<rms>"');
  });

  it('can be of one architecture', () => {
    expect(tagErrors(htmlReport(exampleReport([hostile])).replace(/<style>[^<]*<\/style>/g, ''))).toEqual([]);
  });

  it('tells twenty architectures apart', () => {
    const many = Array.from({length: 20}, (_, i) => exampleResult(`a${i}`, i));
    const keys = parseHTML(htmlReport(exampleReport(many))).document.querySelectorAll('.legend line');
    const looks = Array.from(keys, (line) => `${line.getAttribute('stroke')} ${line.getAttribute('stroke-dasharray')}`);
    expect(new Set(looks).size).toBe(20);
  });
});
