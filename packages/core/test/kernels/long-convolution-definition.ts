import fc from 'fast-check';
import {normalPlain, type Plain} from './gradient-check';

/** A long convolution to be drawn. */
export interface ConvolutionShape {
  batch: number;
  time: number;
  channels: number;
  taps: number;
  /** Taps of later positions; 0: none. */
  future: number;
  mode: 'causal' | 'circular';
  withSkip: boolean;
  withGate: boolean;
  seed: number;
}

/** Small shapes of every kind. */
export const convolutionShapes: fc.Arbitrary<ConvolutionShape> = fc
  .record({
    batch: fc.integer({min: 1, max: 3}),
    time: fc.integer({min: 1, max: 8}),
    channels: fc.integer({min: 1, max: 3}),
    taps: fc.integer({min: 1, max: 10}),
    future: fc.integer({min: 0, max: 9}),
    mode: fc.constantFrom('causal' as const, 'circular' as const),
    withSkip: fc.boolean(),
    withGate: fc.boolean(),
    seed: fc.nat(),
  })
  .map((shape) => (shape.mode === 'circular' ? {...shape, future: 0} : shape));

/** The inputs of a convolution. */
export function convolutionPlains(shape: ConvolutionShape): {[name: string]: Plain} {
  const {batch, time, channels, taps, future, withSkip, withGate, seed} = shape;
  const draw = (name: string, ...axes: number[]) => normalPlain(axes, seed, name);
  return {
    x: draw('x', batch, time, channels),
    filter: draw('filter', taps, channels),
    ...(future > 0 && {future: draw('future', future, channels)}),
    ...(withSkip && {skip: draw('skip', channels)}),
    ...(withGate && {gate: draw('gate', batch, time, channels)}),
  };
}

/** The sums that define the convolution, in double precision. */
export function directConvolution(inputs: {[name: string]: Plain}, mode: 'causal' | 'circular'): number[] {
  const {x, filter, future, skip, gate} = inputs;
  const [batch, time, channels] = x.shape;
  const tap = ({data, shape}: Plain, lag: number, c: number) => (lag < shape[0] ? data[lag * channels + c] : 0);
  const weight = (lag: number, c: number): number => {
    if (lag >= 0) return tap(filter, lag, c);
    if (mode === 'circular') return tap(filter, lag + time, c);
    return future ? tap(future, -lag - 1, c) : 0;
  };
  const output: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < time; t++)
      for (let c = 0; c < channels; c++) {
        const own = (b * time + t) * channels + c;
        let sum = skip ? skip.data[c] * x.data[own] : 0;
        for (let s = 0; s < time; s++) sum += weight(t - s, c) * x.data[(b * time + s) * channels + c];
        output.push(gate ? gate.data[own] * sum : sum);
      }
  return output;
}
