import * as tf from '@tensorflow/tfjs';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {version} from '../package.json';

const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
const key = Symbol.for('@variants/core');

/** Evaluates this package's modules anew, as a second copy of them would be. */
async function loadCopy() {
  vi.resetModules();
  return {core: await import('../src'), simd: await import('../src/engines/simd')};
}

describe('a copy of core', () => {
  beforeEach(() => {
    delete (globalThis as {[key]?: string})[key];
    warn.mockClear();
  });

  afterEach(async () => {
    await tf.setBackend('cpu');
  });

  it('says nothing when it is the only one', async () => {
    await loadCopy();
    expect(warn).not.toHaveBeenCalled();
  });

  it('says in one line that it is the second, with both versions and what to do', async () => {
    (globalThis as {[key]?: string})[key] = '0.0.9';
    await loadCopy();
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.lastCall?.[0]).toMatch(
      new RegExp(`^@variants/core: two copies are loaded, 0\\.0\\.9 and ${version}, .* "npm ls @variants/core".*$`),
    );
  });

  it('leaves the kernels and gradients of the first as they are, and works with them', async () => {
    await loadCopy();
    const registered = () => ({
      simd: tf.getKernelsForBackend('simd').map(({kernelFunc}) => kernelFunc),
      gradient: tf.getGradient('RmsNorm').gradFunc,
    });
    const first = registered();
    const {core} = await loadCopy();
    expect(warn).toHaveBeenCalledOnce();
    expect(registered()).toEqual(first);

    expect(await core.start({engine: 'simd', threads: 1})).toBe('simd');
    // x / rms(x), whose sum grows by (1 - x mean(x) / rms(x)²) / rms(x).
    const [x, meanSquare] = [[1, 2, 3, 4], 7.5];
    const gradient = tf.tidy(() => [
      ...tf
        .grad((x) => core.rmsNorm(x).sum())(tf.tensor1d(x))
        .dataSync(),
    ]);
    expect(gradient).toEqual(
      x.map((value) => expect.closeTo((1 - (value * 2.5) / meanSquare) / Math.sqrt(meanSquare), 5)),
    );
  });
});
