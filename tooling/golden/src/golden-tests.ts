import {basename, dirname} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as tf from '@tensorflow/tfjs';
import {openEngine} from '@variants-tooling/engines';
import {afterAll, describe, expect, it} from 'vitest';
import {findCases} from './find-cases';
import {GoldenCase} from './golden-case';
import {type Kinds, runCase} from './run-case';
import {suiteName} from './suite-name';

/**
 * Every case must hold on tfjs's own CPU backend, which runs the references, and on the fused kernels; `pnpm test:engines`
 * names others.
 */
const engines = process.env.GOLDEN_ENGINES?.split(',') ?? ['cpu', 'simd'];

/**
 * Registers a test for each golden case of a package, to be called once, from `test/<name>.golden.test.ts`:
 *
 *     goldenTests(import.meta.url, {lm: async (golden) => ({'output.logits': ...}), retention: ...});
 *
 * The cases are those of `test/golden/` beside the file, or of `$GOLDEN_DIR/<package>/`; a package without them passes.
 * Everything that a case stores, inputs and probes aside, is compared; a kind that is not there is a failure.
 */
export function goldenTests(testFileUrl: string, kinds: Kinds): void {
  const packageDirectory = dirname(dirname(fileURLToPath(testFileUrl)));
  const packageName = basename(packageDirectory);
  const cases = findCases(packageDirectory);
  if (cases.length === 0) {
    it(`${packageName} has no golden cases here`, () => expect(cases).toEqual([]));
    return;
  }
  describe(suiteName(packageName), () => {
    afterAll(async () => {
      await tf.setBackend('cpu');
    });

    it.each(cases.map((directory) => [basename(directory), directory]))('%s', async (_, directory) => {
      const failures: string[] = [];
      for (const engine of engines) {
        if (failures.length > 0) break;
        await openEngine(engine);
        const lines = await runCase(new GoldenCase(directory, packageName), kinds);
        failures.push(...lines.map((line) => (engine === 'cpu' ? line : `${line} (on ${engine})`)));
      }
      if (failures.length > 0) throw new GoldenError(failures.join('\n'));
    });
  });
}

/** A case that failed; the message has a line per tensor. Without a stack, which would only show the runner. */
class GoldenError extends Error {
  override name = 'GoldenError';
  override stack = undefined;
}
