import {describe, expect, it} from 'vitest';
import {byteTokenizer} from '../../src/byte-decoding';
import {ConfigError, DataError} from '../../src/errors';
import {withTiny} from '../tiny-model';
import {all, setHeadBias} from './generated';

const prompt = [1, 7, 3, 3, 10];

describe('generate refuses', () => {
  it.each<[string, object]>([
    ['maxTokens', {maxTokens: -1}],
    ['maxTokens', {maxTokens: 1.5}],
    ['temperature', {temperature: -0.1}],
    ['temperature is NaN', {temperature: NaN}],
    ['topK', {topK: 0}],
    ['topP', {topP: 0}],
    ['topP', {topP: 1.1}],
    ['minP', {minP: -0.1}],
    ['minP', {minP: '0.5'}],
    ['repetitionPenalty', {repetitionPenalty: 0}],
    ['presencePenalty', {presencePenalty: Infinity}],
    ['frequencyPenalty', {frequencyPenalty: 'much'}],
    ['stop', {stop: '\n'}],
    ['stop', {stop: ['']}],
    ['stop', {stop: [[]]}],
    ['stop', {stop: [[1, -1]]}],
    ['stop', {stop: [1.5]}],
    ['seed', {seed: -1}],
    ['signal', {signal: new AbortController()}],
    ['state', {state: {tree: null}}],
    ['tokenizer', {tokenizer: {}}],
    ['unknown field temprature', {temprature: 1}],
  ])('%s in %j at once', (name, options) =>
    withTiny({}, (model) => {
      expect(() => model.generate(prompt, options)).toThrow(ConfigError);
      expect(() => model.generate(prompt, options)).toThrow(new RegExp(`^generate: ${name} `.trim()));
    }),
  );

  it('stop texts where there is no tokenizer', () =>
    withTiny({}, (model) => {
      expect(() => model.generate(prompt, {stop: ['end']})).toThrow(ConfigError);
      expect(() => model.generate(prompt, {stop: ['end']})).toThrow(/"end" is a text/);
    }));

  it('an empty prompt without a state', () =>
    withTiny({vocabSize: 256}, (model) => {
      expect(() => model.generate([])).toThrow(DataError);
      expect(() => model.generate('', {tokenizer: byteTokenizer})).toThrow(/prompt is empty/);
    }));

  it('tokens that the model does not have', () =>
    withTiny({}, async (model) => {
      await expect(all(model.generate([1, 11]))).rejects.toThrow(DataError);
      await expect(all(model.generate([1, 11]))).rejects.toThrow(/ids from 0 to 10, but number 1 of row 0 is 11/);
      await expect(all(model.generate('x', {tokenizer: byteTokenizer}))).rejects.toThrow(/is 120/);
    }));

  it('to draw from logits that are no numbers', () =>
    withTiny({}, async (model) => {
      setHeadBias(model, NaN);
      await expect(all(model.generate(prompt))).rejects.toThrow(/logits are NaN or infinite/);
      await expect(all(model.generate(prompt, {temperature: 0}))).rejects.toThrow(DataError);
    }));
});
