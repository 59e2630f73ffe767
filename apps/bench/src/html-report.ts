import {lookOf} from './looks';
import {drawPlots} from './plots';
import type {ArchitectureResult, BenchReport} from './results';
import {type Column, columns} from './table';
import {visible} from './visible';

/** The whole report, which has results, as one HTML page that needs nothing beside itself. */
export function htmlReport(report: BenchReport): string {
  const {results, unfinished, ...conditions} = report;
  const legend = results.map(({title}, i) => `<li>${key(i)} ${escapeHtml(title)}</li>`).join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Comparison of architectures</title>
<style>${style}</style>
</head>
<body>
<h1>Comparison of architectures</h1>
<p>${escapeHtml(summary(report))}</p>
${tableOf(results, columns(report))}
${unfinished.map(({title, reason}) => `<p>${escapeHtml(title)} has no results: ${escapeHtml(reason)}</p>`).join('\n')}
<ul class="legend">${legend}</ul>
<div class="plots">
${drawPlots(report)
  .map(({title, svg}) => `<figure><figcaption>${escapeHtml(title)}</figcaption>${svg}</figure>`)
  .join('\n')}
</div>
<h2>Samples</h2>
${results.map(({title, sample}) => `<h3>${escapeHtml(title)}</h3>\n<pre>${escapeHtml(sample)}</pre>`).join('\n')}
<h2>Conditions</h2>
<dl>${Object.entries(conditions)
    .map(([name, value]) => `<dt>${words(name)}</dt><dd>${escapeHtml(String(value))}</dd>`)
    .join('\n')}</dl>
<h2>Configurations</h2>
${results.map(configurationOf).join('\n')}
</body>
</html>
`;
}

function summary({wantedParameters, budgetSeconds, sequenceLength}: BenchReport): string {
  const size = wantedParameters.toLocaleString('en');
  return `Every model has ${size} parameters within 1 %, and was trained on the same text for ${budgetSeconds} seconds. Bits per byte are measured on a part of the text that none was trained on, in windows of ${sequenceLength} bytes; fewer are better. The state is what a model keeps of the text so far, to go on with it.`;
}

function tableOf(results: readonly ArchitectureResult[], shown: readonly Column[]): string {
  const heads = shown.map(({heading}) => `<th scope="col">${escapeHtml(heading)}</th>`).join('');
  const cellsOf = (result: ArchitectureResult, place: number) =>
    shown.map(({value}, i) => `<td>${i === 0 ? `${key(place)} ` : ''}${escapeHtml(value(result))}</td>`).join('');
  const rows = results.map((result, place) => `<tr>${cellsOf(result, place)}</tr>`).join('\n');
  return `<div class="wide"><table>\n<thead><tr>${heads}</tr></thead>\n<tbody>\n${rows}\n</tbody>\n</table></div>`;
}

/** A piece of an architecture's line. */
function key(place: number): string {
  const {color, dashes} = lookOf(place);
  return `<svg class="key" viewBox="0 0 24 8" aria-hidden="true"><line x1="0" y1="4" x2="24" y2="4" stroke="${color}" stroke-dasharray="${dashes}" stroke-width="3"/></svg>`;
}

function configurationOf({title, config}: ArchitectureResult): string {
  const json = escapeHtml(JSON.stringify(config, null, 1));
  return `<details><summary>${escapeHtml(title)}</summary><pre>${json}</pre></details>`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'};
  return visible(text).replace(/[&<>"]/g, (character) => entities[character]);
}

/** budgetSeconds as "budget seconds". */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

const style = `
:root { color-scheme: light }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h1 { line-height: 1.2 } h2 { margin-top: 2.5rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; min-width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: bottom; white-space: pre }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
.key { width: 24px; height: 8px; vertical-align: middle }
.legend { display: flex; flex-wrap: wrap; gap: 0 1.5rem; margin: 1.5rem 0 .5rem; padding: .5rem 0; list-style: none; position: sticky; top: 0; background: #fff }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.5rem }
figure { margin: 0 } figcaption { font-weight: 600 } figure svg { width: 100%; height: auto }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f5f5f5; padding: .8rem; border-radius: .3rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem } dt { color: #555 } dd { margin: 0; overflow-wrap: anywhere }
summary { cursor: pointer }
`;
