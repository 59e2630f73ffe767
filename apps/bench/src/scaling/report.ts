import * as Plot from '@observablehq/plot';
import {parseHTML} from 'linkedom';
import {formatBytes} from '../bytes';
import type {Conditions} from '../conditions';
import {short} from '../engine/figures';
import {median} from '../engine/statistics';
import {lookOf} from '../looks';
import {crossover, exponentOf, type LengthPoint} from './fit';
import type {LengthOutcome, ScalingResult} from './measure';

/** One run: everything needed to read it, and to make it again. */
export interface ScalingReport extends Conditions {
  engine: string;
  seed: number;
  /** Parameters of each model at 256 tokens, within 1 %; the shape stays the same at other lengths. */
  parameters: number;
  lengths: readonly number[];
  rounds: number;
  secondsPerStep: number;
  results: ScalingResult[];
}

/** What is shown of a length: the medians of what was measured there. */
const figures = {
  step: ({stepMilliseconds}: Measured) => median(stepMilliseconds),
  forward: ({forwardMilliseconds}: Measured) => median(forwardMilliseconds),
  memory: ({peakBytes}: Measured) => peakBytes,
};

/** One of the costs that are measured. */
type Cost = keyof typeof figures;

type Measured = Extract<LengthOutcome, {peakBytes: number}>;

/** A cost at the lengths where it was measured. */
function pointsOf({points}: Pick<ScalingResult, 'points'>, cost: Cost): LengthPoint[] {
  return points.flatMap((point) => ('peakBytes' in point ? [{length: point.length, value: figures[cost](point)}] : []));
}

/** Below this length, what does not depend on it is most of the cost. */
const fittedFrom = 2048;

/** What a cost grows with over the greater half of the lengths, where there are three at least. */
function growth(result: Pick<ScalingResult, 'points'>, cost: Cost): number | undefined {
  const points = pointsOf(result, cost);
  const long = points.filter(({length}) => length >= fittedFrom);
  return long.length >= 3 ? exponentOf(long) : undefined;
}

/** The table's cells, the first row its heads. */
export function scalingRows({results, lengths}: Pick<ScalingReport, 'results' | 'lengths'>): string[][] {
  const heads = ['', ...lengths.map((length) => `ms at ${length.toLocaleString('en')}`), 'forward', 'memory'];
  const rows = results.map((result) => {
    const baseline = results.find(({kind, name}) => kind === result.kind && name === baselines[kind]);
    const steps = pointsOf(result, 'step');
    const last = result.points.findLast((point) => 'peakBytes' in point) as Measured | undefined;
    const ahead = baseline && baseline !== result ? crossover(steps, pointsOf(baseline, 'step')) : undefined;
    return [
      result.kind === 'language-model' ? result.title : `${result.title}, masked`,
      ...lengths.map((length) => {
        const point = steps.find((each) => each.length === length);
        return point ? short(point.value) : '';
      }),
      last ? short(figures.forward(last)) : '',
      last ? formatBytes(last.peakBytes) : '',
      growth(result, 'step')?.toFixed(2) ?? '',
      growth(result, 'memory')?.toFixed(2) ?? '',
      result.claim,
      baseline === result ? 'baseline' : (ahead?.toLocaleString('en') ?? ''),
    ];
  });
  return [[...heads, 'exponent', 'of memory', 'claimed', 'ahead from'], ...rows];
}

const baselines: {[kind in ScalingResult['kind']]: string} = {
  'language-model': 'transformer',
  'masked-language-model': 'roformer',
};

/** The plot of the time of a step against the length, both in logarithms, as SVG. */
export function scalingPlot({results, lengths}: Pick<ScalingReport, 'results' | 'lengths'>): string {
  const {document} = parseHTML('<html><body></body></html>');
  const marks = results.flatMap((result, i) => {
    const {color, dashes} = lookOf(i);
    const points = pointsOf(result, 'step').map(({length, value}) => ({length, value, title: result.title}));
    const line = {x: 'length', y: 'value', stroke: color};
    return [
      Plot.lineY(points, {...line, strokeDasharray: dashes, strokeWidth: 2}),
      Plot.text(points.slice(-1), {x: 'length', y: 'value', text: 'title', fill: color, dx: 6, textAnchor: 'start'}),
    ];
  });
  return Plot.plot({
    ...{document, width: 760, height: 520, marginLeft: 60, marginRight: 150, marginBottom: 40, grid: true, marks},
    style: {fontSize: '12px', background: 'white'},
    x: {type: 'log', base: 2, label: 'tokens', ticks: [...lengths], tickFormat: String},
    y: {type: 'log', label: 'milliseconds of a training step'},
  }).outerHTML;
}
