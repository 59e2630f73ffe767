import {describe, expect, it} from 'vitest';
import {ConfigError} from '../../src/errors';
import {fields, requireDivides, requireOnlyIn, resolveFields} from '../../src/models/config';
import {decoderFields, stackFields} from '../../src/models/decoder-fields';

const messageFor = (size: unknown): string => {
  try {
    resolveFields('model', {size: fields.count()}, {size});
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return 'no error';
};

describe('the message about a field', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;

  it.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['7', 7n],
    ['"7"', '7'],
    ['true', true],
    ['"two\\nlines"', 'two\nlines'],
    ['[1,"2"]', [1, '2']],
    ['a function', () => 'two\nlines'],
    ['an object that contains itself', circular],
  ])('shows %s', (shown, size) => {
    expect(messageFor(size)).toBe(`model: size is ${shown}, but must be a whole number of at least 1`);
  });

  it('cuts off what is long', () => {
    const message = messageFor(Array.from({length: 1000}, (_, i) => i));
    expect(message).toMatch(/^model: size is \[0,1,2,.{93}…, but must be/);
  });
});

describe('the rules of fields', () => {
  it.each<[string, unknown, unknown[], unknown[]]>([
    ['a number of at least 0', fields.notNegative(), [0, 0.5, 3], [-1, Number.NaN, Number.POSITIVE_INFINITY, '1']],
    ['an odd number of at least 3', fields.odd(5, 3), [3, 5, 101], [1, 4, 3.5, '3']],
    ['an even number of at least 2', fields.even(), [2, 16], [0, 3, 2.5, '2']],
    ['a number above 0', fields.epsilon(), [1e-12, 1], [0, -1, '1e-5']],
    ['a number from 0 up to, but not including, 1', fields.dropout(), [0, 0.9], [1, -0.1, '0']],
    ['a whole number of at least 0', fields.seed(), [0, 7], [-1, 0.5, '7']],
  ])('%s', (allowed, rule, good, bad) => {
    const resolved = (size: unknown) => () => resolveFields('model', {size: rule as typeof rule & never}, {size});
    for (const size of good) expect(resolved(size)()).toEqual({size});
    for (const size of bad) expect(resolved(size)).toThrow(`but must be ${allowed}`);
  });
});

describe('the shared fields', () => {
  const vocabSize = 5;

  it('have usual defaults, the feed-forward four times the width', () => {
    const usual = {hiddenSize: 512, numLayers: 6, intermediateSize: 2048, normEpsilon: 1e-5, dropout: 0, seed: 0};
    expect(resolveFields('model', stackFields(), {})).toEqual(usual);
    expect(resolveFields('model', decoderFields(), {vocabSize})).toEqual({vocabSize, ...usual, tieEmbedding: false});
  });

  it("may have an architecture's own", () => {
    const own = {hiddenSize: 8, numLayers: 2, normEpsilon: 1e-6, tieEmbedding: true};
    expect(resolveFields('model', decoderFields(own), {vocabSize})).toMatchObject({...own, intermediateSize: 32});
    expect(resolveFields('model', stackFields({intermediateSize: 7}), {})).toMatchObject({intermediateSize: 7});
  });

  it('ask for the size of the vocabulary', () => {
    expect(() => resolveFields('model', decoderFields(), {})).toThrow(
      'model: the field vocabSize is missing; it must be a whole number of at least 1',
    );
  });
});

describe('requireDivides', () => {
  it('names both fields', () => {
    const config = {numHeads: 3, hiddenSize: 8};
    const check = (note?: string) => () => requireDivides('model', config, 'numHeads', 'hiddenSize', note);
    expect(check()).toThrow(new ConfigError('model: numHeads is 3, but must divide hiddenSize 8'));
    expect(check('(or headSize be given)')).toThrow('must divide hiddenSize 8 (or headSize be given)');
    requireDivides('model', {numHeads: 4, hiddenSize: 8}, 'numHeads', 'hiddenSize');
  });
});

describe('requireOnlyIn', () => {
  const check = (config: {version: number; rank: number; state: boolean}, least?: number) => () =>
    requireOnlyIn('model', config, 'version', {rank: [6, 7], state: [6]}, least);

  it('wants what a variant has, and nothing that it has not', () => {
    check({version: 6, rank: 1, state: true})();
    check({version: 6, rank: 1, state: false})();
    check({version: 5, rank: 0, state: false})();
    check({version: 7, rank: 0, state: false}, 0)();
    expect(check({version: 7, rank: 0, state: false})).toThrow(
      new ConfigError('model: rank is 0, but must be at least 1'),
    );
    expect(check({version: 5, rank: 2, state: false})).toThrow(
      'model: rank is 2, but must be 0, as version 5 has none',
    );
    expect(check({version: 5, rank: 0, state: true})).toThrow(
      'model: state is true, but must be false, as version 5 has none',
    );
  });
});
