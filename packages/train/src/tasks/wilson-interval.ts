import {requireArgument} from '@variants/core';

/**
 * Wilson's score interval of a share that was measured on independent trials (Wilson 1927):
 *
 *     (p + z²/2n ± z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n)
 *
 * @param share measured, 0 to 1
 * @param trials n, from 1
 * @param z quantile of the normal distribution; default 1.96, the 95 % interval
 * @returns The two ends, from 0 to 1; 0 and 1 where n is 0, NaN where the share is.
 */
export function wilsonInterval(share: number, trials: number, z = 1.959963984540054): [low: number, high: number] {
  for (const [name, value] of Object.entries({share, trials, z}))
    requireArgument('wilsonInterval', name, value, typeof value === 'number', 'a number');
  if (trials === 0) return [0, 1];
  const squared = z * z;
  const center = share + squared / (2 * trials);
  const reach = z * Math.sqrt((share * (1 - share)) / trials + squared / (4 * trials * trials));
  const scale = 1 + squared / trials;
  return [Math.max(0, (center - reach) / scale), Math.min(1, (center + reach) / scale)];
}
