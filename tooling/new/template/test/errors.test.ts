import {CheckpointError, ConfigError, checkpointFiles, DataError, VariantsError} from '@variants/core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {fromPretrained, type TemplateName, templateName} from '../src';

// The kinds of errors as a user of the package meets them.
const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1};
let model: TemplateName;

beforeAll(() => {
  model = templateName(small);
});
afterAll(() => {
  model.dispose();
});

/** A checkpoint whose bytes of weights end early. */
async function truncated() {
  const files = await checkpointFiles(model);
  return {config: JSON.parse(files['config.json']), weights: files['model.safetensors'].subarray(0, 100)};
}

// REPLACE: what the architecture's own rules refuse.
const cases: [what: string, kind: typeof VariantsError, run: () => unknown, message: RegExp][] = [
  [
    'a width that is none',
    ConfigError,
    () => templateName({...small, valueSize: 1.5}),
    /valueSize is 1.5, but must be a whole number of at least 1/,
  ],
  [
    'an unknown field',
    ConfigError,
    () => templateName({...small, valueCount: 5} as typeof small),
    /unknown field valueCount; known are /,
  ],
  ['a token that the model does not have', DataError, () => model.logits([1, 99]), /99/],
  ['an empty prompt', DataError, () => model.generate([]), /the prompt is empty; give at least one token/],
  ['a file that is cut off', CheckpointError, async () => fromPretrained(await truncated()), /byte/],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
];

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
