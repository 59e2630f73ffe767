import {VariantsError} from '@variants/core';
import {describe, expect, it} from 'vitest';

/** What must be refused: what it is, the class of the error, how it comes about, what the message must say. */
export type Refusal = [what: string, kind: typeof VariantsError, run: () => unknown, message: RegExp];

/** Registers a test for each thing that must be refused, at once or by a promise, in one line. */
export function refusals(cases: readonly Refusal[]): void {
  describe('errors say in one line what is wrong, where, and what would be right', () => {
    it.each(cases)('%s', async (_, kind, run, message) => {
      const error = await Promise.resolve()
        .then(run)
        .then(
          () => undefined,
          (reason: unknown) => reason,
        );
      expect(error).toBeInstanceOf(VariantsError);
      expect(error).toBeInstanceOf(kind);
      const {name, message: text} = error as VariantsError;
      expect(name).toBe(kind.name);
      expect(text).toMatch(message);
      expect(text).not.toContain('\n');
    });
  });
}
