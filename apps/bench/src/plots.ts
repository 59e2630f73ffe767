import * as Plot from '@observablehq/plot';
import {parseHTML} from 'linkedom';
import {byteUnit} from './bytes';
import {lookOf} from './looks';
import type {ArchitectureResult, BenchReport} from './results';

/** A plot of all architectures. */
interface DrawnPlot {
  title: string;
  /** The SVG element. */
  svg: string;
}

/** A plot's lines: points of one architecture, and which of their fields are drawn. */
interface Lines<Point> {
  pointsOf(result: ArchitectureResult): readonly Point[];
  x: keyof Point & string;
  y: keyof Point & string;
  dots?: boolean;
}

/** The plots of a report that has results. */
export function drawPlots({results}: Pick<BenchReport, 'results'>): DrawnPlot[] {
  const {document} = parseHTML('<html><body></body></html>');
  const draw = <Point>(title: string, lines: Lines<Point>, axes: Pick<Plot.PlotOptions, 'x' | 'y'>): DrawnPlot => {
    const size = {width: 460, height: 320, marginLeft: 50, marginBottom: 40, marginTop: 30};
    const marks = results.flatMap((result, i) => marksOf(result, i, lines));
    const svg = Plot.plot({document, ...size, style: {fontSize: '13px'}, grid: true, ...axes, marks}).outerHTML;
    return {title, svg};
  };
  const curve = (x: 'seconds' | 'step') => ({
    pointsOf: ({trainingCurve}: ArchitectureResult) => trainingCurve,
    x,
    y: 'bitsPerByte' as const,
  });
  const contexts = results[0].decoding.map(({context}) => context);
  const contextAxis = {label: 'tokens of context', ticks: contexts, tickFormat: String} as const;
  const unit = byteUnit(Math.max(...results.flatMap(({decoding}) => decoding.map(({stateBytes}) => stateBytes))));
  return [
    draw('Training, by time', curve('seconds'), {
      x: {label: 'seconds', ticks: 8},
      y: {label: 'bits per byte', nice: true},
    }),
    draw('Training, by steps', curve('step'), {x: {label: 'steps', ticks: 6}, y: {label: 'bits per byte', nice: true}}),
    draw(
      'Decoding: time of a token',
      {pointsOf: ({decoding}) => decoding, x: 'context', y: 'millisecondsPerToken', dots: true},
      {x: contextAxis, y: {label: 'milliseconds', zero: true}},
    ),
    draw(
      'Decoding: size of the state',
      {
        pointsOf: ({decoding}) => decoding.map((point) => ({...point, state: point.stateBytes / unit.size})),
        x: 'context',
        y: 'state',
        dots: true,
      },
      {x: contextAxis, y: {label: unit.name, zero: true}},
    ),
  ];
}

function marksOf<Point>(
  result: ArchitectureResult,
  place: number,
  {pointsOf, x, y, dots}: Lines<Point>,
): Plot.Markish[] {
  const {color, dashes} = lookOf(place);
  const points = [...pointsOf(result)];
  return [
    Plot.lineY(points, {x, y, stroke: color, strokeDasharray: dashes, strokeWidth: 2}),
    ...(dots ? [Plot.dot(points, {x, y, fill: color, r: 3})] : []),
  ];
}
