import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {DataError, ShapeError} from '../../src/errors';
import {withTinySequences} from '../tiny-sequence-to-sequence';

const source = [1, 6, 3, 2, 5];

describe('the target that a model generates', () => {
  const collect = async <Piece>(pieces: AsyncIterable<Piece>) => {
    const all: Piece[] = [];
    for await (const piece of pieces) all.push(piece);
    return all;
  };

  it('takes the most probable token of each position at temperature 0', () =>
    withTinySequences({}, async (model) => {
      const wanted = [1, 5];
      for (let n = 0; n < 6; n++)
        wanted.push(tf.tidy(() => model.logits({source, target: wanted}).argMax(-1).dataSync()[wanted.length - 1]));
      const options = {begin: [1, 5], maxTokens: 6, temperature: 0};
      expect(await collect(model.generate(source, options))).toEqual(wanted.slice(2));
    }));

  it('ends at a stop, at maxTokens and at the longest target', () =>
    withTinySequences({maxSequenceLength: 5}, async (model) => {
      const options = {begin: 1, temperature: 0};
      const longest = await collect(model.generate(source, options));
      // The last of them need not be fed.
      expect(longest).toHaveLength(5);
      expect(await collect(model.generate(source, {...options, maxTokens: 2}))).toEqual(longest.slice(0, 2));
      const stop = longest[longest.length - 1];
      const stopped = await collect(model.generate(source, {...options, stop: [stop]}));
      expect(stopped).toEqual(longest.slice(0, longest.indexOf(stop)));
    }));

  it('draws the same tokens for the same seed, and depends on the source', () =>
    withTinySequences({}, async (model) => {
      const drawn = (seed: number, from = source) =>
        collect(model.generate(from, {begin: 1, maxTokens: 12, temperature: 20, seed}));
      expect(await drawn(3)).toEqual(await drawn(3));
      expect(await drawn(3)).not.toEqual(await drawn(4));
      expect(await drawn(3)).not.toEqual(await drawn(3, [2, 2, 5, 5]));
    }));

  it('gives text for text, with one tokenizer for both', () =>
    withTinySequences({}, async (model) => {
      const letters = 'abcdef';
      const tokenizer = {
        vocabSize: 6,
        encode: (text: string) => Array.from(text, (letter) => letters.indexOf(letter)),
        decode: (ids: ArrayLike<number>) => Array.from(ids, (id) => letters[id]).join(''),
        decoder: () => ({push: (id: number) => letters[id], end: () => ''}),
      };
      const options = {begin: 1, maxTokens: 5, temperature: 0};
      const text = (await collect(model.generate('bcd', {...options, tokenizer}))).join('');
      expect(tokenizer.encode(text)).toEqual(await collect(model.generate([1, 2, 3], options)));
      expect(() => model.generate('bcd', options as never)).toThrow('needs the option tokenizer');
    }));

  it('refuses wrong options at the call and unknown tokens when they are fed, and leaves nothing behind', () =>
    withTinySequences({maxSequenceLength: 4}, async (model) => {
      expect(() => model.generate([1], {begin: []})).toThrow(DataError);
      expect(() => model.generate([1], {begin: 1, temperature: -1})).toThrow('temperature is -1');
      const before = tf.memory().numTensors;
      await expect(collect(model.generate([1], {begin: 6}))).rejects.toThrow('tiny: target must be ids from 0 to 5');
      await expect(collect(model.generate([7], {begin: 1}))).rejects.toThrow('tiny: source must be ids from 0 to 6');
      await expect(collect(model.generate([], {begin: 1}))).rejects.toThrow(DataError);
      await expect(collect(model.generate([1], {begin: [1, 1, 1, 1, 1]}))).rejects.toThrow(ShapeError);
      for await (const _ of model.generate([1], {begin: 1})) break;
      expect(tf.memory().numTensors).toBe(before);
    }));
});
