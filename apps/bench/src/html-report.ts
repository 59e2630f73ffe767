import * as Plot from '@observablehq/plot';
import {parseHTML} from 'linkedom';
import type {BenchReport} from './results';
import {columns, formatBytes} from './table';

const escapeHtml = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'})[c] as string);

/** The plots, by title. */
function plots(report: BenchReport): [title: string, svg: string][] {
  const {document} = parseHTML('<html><body></body></html>');
  const curves = report.results.flatMap(({title, trainingCurve}) => trainingCurve.map((point) => ({title, ...point})));
  const decoding = report.results.flatMap(({title, decoding: points}) => points.map((point) => ({title, ...point})));
  const draw = (options: Plot.PlotOptions) =>
    Plot.plot({document, width: 620, height: 340, marginLeft: 60, grid: true, color: {legend: false}, ...options})
      .outerHTML;
  const lines = <T>(data: T[], x: keyof T & string, y: keyof T & string) => [
    Plot.line(data, {x, y, stroke: 'title' as keyof T & string}),
    Plot.text(data, Plot.selectLast({x, y, z: 'title', text: 'title', textAnchor: 'start', dx: 6, fill: 'title'})),
  ];
  const wide = {marginRight: 110};
  return [
    [
      'Training: bits per byte against seconds',
      draw({
        ...wide,
        x: {label: 'seconds'},
        y: {label: 'bits per byte'},
        marks: lines(curves, 'seconds', 'bitsPerByte'),
      }),
    ],
    [
      'Training: bits per byte against steps',
      draw({...wide, x: {label: 'step'}, y: {label: 'bits per byte'}, marks: lines(curves, 'step', 'bitsPerByte')}),
    ],
    [
      'Decoding: milliseconds per token against context',
      draw({
        ...wide,
        x: {label: 'tokens of context'},
        y: {label: 'ms per token', zero: true},
        marks: lines(decoding, 'context', 'millisecondsPerToken'),
      }),
    ],
    [
      'Decoding: bytes of state against context',
      draw({
        ...wide,
        x: {label: 'tokens of context'},
        y: {label: 'state', zero: true, tickFormat: formatBytes},
        marks: lines(decoding, 'context', 'stateBytes'),
      }),
    ],
  ];
}

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left }
figure { margin: 2rem 0 } figcaption { font-weight: 600 } svg { max-width: 100%; height: auto }
pre { white-space: pre-wrap; background: #f5f5f5; padding: .8rem; border-radius: .3rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem } dt { color: #666 }`;

/** The whole report as one HTML page that needs nothing beside itself. */
export function htmlReport(report: BenchReport): string {
  const shown = columns(report);
  const heads = shown.map(([heading]) => `<th>${escapeHtml(heading)}</th>`).join('');
  const row = (cells: string[]) => `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
  const rows = report.results.map((result) => row(shown.map(([, value]) => value(result)))).join('\n');
  const figures = plots(report)
    .map(([title, svg]) => `<figure><figcaption>${title}</figcaption>${svg}</figure>`)
    .join('\n');
  const samples = report.results
    .map(({title, sample}) => `<h3>${escapeHtml(title)}</h3><pre>${escapeHtml(sample)}</pre>`)
    .join('\n');
  const {results, ...conditions} = report;
  const facts = Object.entries(conditions)
    .map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(String(value))}</dd>`)
    .join('');
  const configs = results.map(
    ({title, config}) => `<h3>${escapeHtml(title)}</h3><pre>${escapeHtml(JSON.stringify(config, null, 1))}</pre>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>@variants: comparison</title>
<style>${style}</style></head><body>
<h1>Comparison of architectures</h1>
<p>Every model has the same number of parameters and saw the same text for the same time. Bits per byte are measured on text that none was trained on, in windows of ${report.sequenceLength} bytes; lower is better.</p>
<table><thead><tr>${heads}</tr></thead><tbody>
${rows}
</tbody></table>
${figures}
<h2>Samples</h2>
${samples}
<h2>Conditions</h2>
<dl>${facts}</dl>
<h2>Configurations</h2>
${configs.join('\n')}
</body></html>
`;
}
