import fc from 'fast-check';
import {expect, it} from 'vitest';
import {nearestName} from '../src/nearest-name';

const known = ['maxTokens', 'temperature', 'topK', 'topP', 'stop', 'learningRate'];

it.each([
  ['max_tokens', 'maxTokens'],
  ['maxtokens', 'maxTokens'],
  ['temprature', 'temperature'],
  ['temp', 'temperature'],
  ['top_k', 'topK'],
  ['stops', 'stop'],
  ['learning_rat', 'learningRate'],
  ['backend', undefined],
])('%s is %s', (name, meant) => {
  expect(nearestName(name, known)).toBe(meant);
});

it('finds every name with a letter wrong, missing or too many', () => {
  const name = fc.constantFrom(...known.filter(({length}) => length > 4));
  const place = fc.nat(7);
  fc.assert(
    fc.property(name, place, fc.constantFrom('', 'q', 'qq'), (whole, at, letters) => {
      expect(nearestName(whole.slice(0, at) + letters + whole.slice(at + 1), [...known])).toBe(whole);
    }),
  );
});
