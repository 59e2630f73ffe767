import * as tf from '@tensorflow/tfjs';
import {setThreads} from '@variants/core/simd';
import {afterAll, beforeAll, describe, it} from 'vitest';
import {laws} from './laws';
import {kindOf, type Law, type Subject} from './subject';

/**
 * Registers a test for each law of all models, and of those of the subject's kind, to be called once for each form that a
 * package's model has, from its tests:
 *
 *     conformance({
 *       name: 'retnet',
 *       create: (overrides) => retnet({vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, ...overrides}),
 *       fromPretrained,
 *       invalid: [[{numHeads: 3}, /numHeads is 3/]],
 *     });
 */
export function conformance(subject: Subject): void {
  const kind = kindOf(subject);
  describe(`${subject.name} keeps the laws of ${plural(kind)}: it`, () => {
    // On the engine that programs run on, one thread for each of the tests' workers; that tfjs's own computes the same is
    // what the golden cases show.
    beforeAll(async () => {
      await setThreads(1);
      await tf.setBackend('simd');
    });
    afterAll(async () => {
      await tf.setBackend('cpu');
    });

    for (const law of Object.values<Law>(laws)) if (isFor(law, subject)) it(law.name, () => law.check(subject));
  });
}

/** Whether a law is for a subject. */
function isFor({kinds, appliesTo}: Law, subject: Subject): boolean {
  return (kinds?.includes(kindOf(subject)) ?? true) && (appliesTo?.(subject) ?? true);
}

/** "language models" for a title. */
const plural = (kind: string): string =>
  kind === 'sequence-to-sequence' ? `${kind} models` : `${kind.replaceAll('-', ' ')}s`;
