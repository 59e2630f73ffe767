import {describe, it} from 'vitest';
import {laws} from './laws';
import type {Law, Subject} from './subject';

/**
 * Registers a test for each law of language models, to be called once, from a package's tests:
 *
 *     conformance({
 *       name: 'retnet',
 *       create: (overrides) => retnet({vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, ...overrides}),
 *       fromPretrained,
 *       invalid: [[{numHeads: 3}, /numHeads is 3/]],
 *     });
 */
export function conformance(subject: Subject): void {
  describe(`${subject.name} keeps the laws of language models: it`, () => {
    for (const {name, appliesTo, check} of Object.values<Law>(laws))
      if (appliesTo?.(subject) ?? true) it(name, () => check(subject));
  });
}
