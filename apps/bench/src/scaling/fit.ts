/** What was measured at a length of the sequence. */
export interface LengthPoint {
  length: number;
  value: number;
}

/**
 * The exponent a of value = c lengthᵃ, by least squares of the logarithms: what a cost grows with, over the lengths given.
 * @param points Two at least, of different lengths and values above 0; otherwise there is no exponent: undefined.
 */
export function exponentOf(points: readonly LengthPoint[]): number | undefined {
  const logs = points.filter(({value}) => value > 0).map(({length, value}) => [Math.log(length), Math.log(value)]);
  const mean = (i: 0 | 1) => logs.reduce((sum, log) => sum + log[i], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0);
  if (logs.length < 2 || spread === 0) return undefined;
  return logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0) / spread;
}

/**
 * The length from which on an architecture costs no more than another, between two measured lengths where the lines cross
 * (both drawn straight between logarithms). Undefined where it costs more at the longest length that both have; the
 * shortest length where it never costs more.
 */
export function crossover(points: readonly LengthPoint[], others: readonly LengthPoint[]): number | undefined {
  const pairs = points
    .flatMap(({length, value}) => {
      const other = others.find((point) => point.length === length);
      return other ? [{length: Math.log(length), ahead: Math.log(other.value / value)}] : [];
    })
    .sort((a, b) => b.length - a.length);
  const behind = pairs.findIndex(({ahead}) => ahead < 0);
  if (pairs.length === 0 || behind === 0) return undefined;
  if (behind < 0) return Math.round(Math.exp(pairs[pairs.length - 1].length));
  const [after, before] = [pairs[behind - 1], pairs[behind]];
  const share = before.ahead / (before.ahead - after.ahead);
  return Math.round(Math.exp(before.length + share * (after.length - before.length)));
}
