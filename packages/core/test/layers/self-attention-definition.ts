import {anglesAt} from '../../src/kernels/rotary-embedding';
import type {SelfAttentionConfig} from '../../src/layers/self-attention';
import type {Plain} from '../kernels/gradient-check';

export type Weights = Record<string, Plain>;

/** Row x of [in] times W [in, out] plus b, in double precision. */
export function linear(x: number[], weights: Weights, name: string): number[] {
  const {shape, data} = weights[`${name}/kernel`];
  const bias = weights[`${name}/bias`];
  return Array.from({length: shape[1]}, (_, o) =>
    x.reduce((sum, value, i) => sum + value * data[i * shape[1] + o], bias?.data[o] ?? 0),
  );
}

/** Turns a head by its position in a sequence of a length; features that no frequency is for stay. */
export function turned(
  head: number[],
  position: number,
  {rotary: config}: Pick<SelfAttentionConfig, 'rotary'>,
  length = position + 1,
): number[] {
  if (!config) return head;
  const rotary = {...config, ...anglesAt(config, length)};
  const half = rotary.frequencies.length;
  const y = [...head];
  rotary.frequencies.forEach((frequency, i) => {
    const [u, w] = rotary.pairing === 'halves' ? [i, i + half] : [2 * i, 2 * i + 1];
    const {factor} = rotary;
    const [cos, sin] = [factor * Math.cos(position * frequency), factor * Math.sin(position * frequency)];
    [y[u], y[w]] = [head[u] * cos - head[w] * sin, head[u] * sin + head[w] * cos];
  });
  return y;
}

/** Whether position t sees position j <= t, and where it stands when it does. */
function sees(t: number, j: number, {window, sinks = 0, cachePositions}: SelfAttentionConfig): number | null {
  if (window == null) return t;
  if (j > t - window && j >= sinks) return t;
  if (j < sinks) return cachePositions === 'inCache' ? Math.min(t, sinks + window - 1) : t;
  return null;
}

/**
 * A `SelfAttention`'s output for one row [time][hidden], a position at a time.
 * @param lengthAt How long the sequence was when a position came. Default: as long as it is in the end.
 */
export function definition(
  x: number[][],
  weights: Weights,
  config: SelfAttentionConfig,
  mask?: number[],
  lengthAt = (_: number) => x.length,
): number[][] {
  const {numHeads, numKeyValueHeads = numHeads, headSize = x[0].length / numHeads, valueHeadSize = headSize} = config;
  const {scale = headSize ** -0.5, rotary, alibi} = config;
  const inHeads = (row: number[], count: number) =>
    Array.from({length: count}, (_, h) => row.slice((h * row.length) / count, ((h + 1) * row.length) / count));
  const widths = [numHeads * headSize, numKeyValueHeads * headSize, numKeyValueHeads * valueHeadSize];
  const projected = x.map((row, t) => {
    const all = config.fused
      ? linear(row, weights, 'projections')
      : ['queries', 'keys', 'values'].flatMap((name) => linear(row, weights, name));
    const q = inHeads(all.slice(0, widths[0]), numHeads);
    const k = inHeads(all.slice(widths[0], widths[0] + widths[1]), numKeyValueHeads);
    const v = inHeads(all.slice(widths[0] + widths[1]), numKeyValueHeads);
    return {
      q,
      k: k.map((head) => turned(head, t, config, lengthAt(t))),
      v: rotary?.values ? v.map((head) => turned(head, t, config, lengthAt(t))) : v,
    };
  });
  return projected.map(({q}, t) => {
    const joined = q.flatMap((head, h) => {
      const keyHead = Math.floor(h / (numHeads / numKeyValueHeads));
      const seen = projected.slice(0, t + 1).flatMap(({k, v}, j) => {
        const standing = mask?.[j] === 0 ? null : sees(t, j, config);
        return standing === null ? [] : [{k: k[keyHead], v: v[keyHead], standing, j}];
      });
      const scores = seen.map(({k, standing, j}) => {
        const query = turned(head, standing, config, lengthAt(t));
        return scale * query.reduce((sum, value, i) => sum + value * k[i], 0) + (alibi?.[h] ?? 0) * (j - standing);
      });
      const sink = {learned: weights.sinks?.data[h], zero: 0, none: Number.NEGATIVE_INFINITY}[
        config.sinkLogit ?? 'none'
      ];
      const largest = Math.max(sink, ...scores);
      const shares = scores.map((score) => Math.exp(score - largest));
      const total = shares.reduce((a, b) => a + b, Math.exp(sink - largest));
      return Array.from({length: valueHeadSize}, (_, i) =>
        seen.reduce((sum, {v}, j) => sum + (shares[j] / total) * v[i], 0),
      );
    });
    return linear(joined, weights, 'output');
  });
}

/** [batch, time, width] as rows of positions. */
export const rows = ({shape: [batch, time, width], data}: Plain): number[][][] =>
  Array.from({length: batch}, (_, b) =>
    Array.from({length: time}, (_, t) => data.slice((b * time + t) * width, (b * time + t + 1) * width)),
  );
