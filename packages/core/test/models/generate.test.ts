import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {byteTokenizer} from '../../src/byte-decoding';
import {DataError, ShapeError} from '../../src/errors';
import type {GenerateOptions} from '../../src/models/generate-options';
import {StreamState} from '../../src/streams/stream-state';
import type {Tokenizer} from '../../src/tokenizer';
import {type TinyModel, withTiny} from '../tiny-model';
import {all, setHeadBias} from './generated';

/** The definition of greedy generation: the whole sequence anew for each token, cropped to the context. */
function greedy(model: TinyModel, prompt: number[], steps: number): number[] {
  const tokens = [...prompt];
  for (let n = 0; n < steps; n++) {
    const window = tokens.slice(-(model.contextLength ?? tokens.length));
    tokens.push(tf.tidy(() => model.logits(window).argMax(-1).dataSync()[window.length - 1]));
  }
  return tokens.slice(prompt.length);
}

const prompt = [1, 7, 3, 3, 10];

describe('generate with token ids', () => {
  it('at temperature 0 takes the most probable token of the whole sequence so far', () =>
    withTiny({}, async (model) => {
      const tokens = await all(model.generate(prompt, {temperature: 0, maxTokens: 20}));
      expect(tokens).toEqual(greedy(model, prompt, 20));
      expect(new Set(tokens).size).toBeGreaterThan(1);
    }));

  it('goes on beyond a limited context with its last tokens, counted from position 0', () =>
    withTiny({maxSequenceLength: 6}, async (model) => {
      const tokens = await all(model.generate(prompt, {temperature: 0, maxTokens: 15}));
      expect(tokens).toEqual(greedy(model, prompt, 15));
      const long = Array.from({length: 20}, (_, i) => i % 11);
      expect(await all(model.generate(long, {temperature: 0, maxTokens: 4}))).toEqual(greedy(model, long, 4));
    }));

  it('draws 256 tokens of the vocabulary by default, the same for the same seed', () =>
    withTiny({}, async (model) => {
      const tokens = await all(model.generate(prompt));
      expect(tokens).toHaveLength(256);
      for (const token of tokens) expect(Number.isInteger(token) && token >= 0 && token < 11).toBe(true);
      expect(await all(model.generate(prompt, {seed: 0}))).toEqual(tokens);
      expect(await all(model.generate(prompt, {seed: 1}))).not.toEqual(tokens);
    }));

  it('draws the first token as the softmax of logits / temperature says', () =>
    withTiny({}, async (model) => {
      const draws = 300;
      const counts = new Array(11).fill(0);
      for (let seed = 0; seed < draws; seed++)
        for await (const token of model.generate([4], {seed, temperature: 2, maxTokens: 1})) counts[token]++;
      const probabilities = tf.tidy(() => model.logits([4]).div(2).softmax().dataSync());
      const chiSquare = counts.reduce(
        (sum, count, token) => sum + (count - draws * probabilities[token]) ** 2 / (draws * probabilities[token]),
        0,
      );
      // The 99.9 % quantile of the chi-square distribution with 10 degrees of freedom.
      expect(chiSquare).toBeLessThan(29.6);
    }));

  it.each<[string, GenerateOptions]>([
    ['topK 1', {topK: 1}],
    ['a small topP', {topP: 1e-6}],
    ['minP 1', {minP: 1}],
    ['a tiny temperature', {temperature: 1e-30}],
  ])('is greedy with %s', (_, options) =>
    withTiny({}, async (model) => {
      expect(await all(model.generate(prompt, {...options, maxTokens: 8}))).toEqual(greedy(model, prompt, 8));
    }),
  );

  it('never repeats a token when repetition is forbidden, of the prompt or generated', () =>
    withTiny({}, async (model) => {
      // Makes every logit positive, so that dividing by the penalty lowers it.
      setHeadBias(model, 100);
      const tokens = await all(model.generate([1, 7], {temperature: 0, repetitionPenalty: 1e6, maxTokens: 9}));
      expect([1, 7, ...tokens].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }));

  it('counts only generated tokens for presence and frequency', () =>
    withTiny({}, async (model) => {
      const [first] = greedy(model, prompt, 1);
      const once = await all(model.generate([...prompt, first], {temperature: 0, presencePenalty: 1e6, maxTokens: 11}));
      expect([...once].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(once[0]).toBe(greedy(model, [...prompt, first], 1)[0]);
      const evenly = await all(model.generate(prompt, {temperature: 0, frequencyPenalty: 1e6, maxTokens: 22}));
      for (let token = 0; token < 11; token++) expect(evenly.filter((t) => t === token)).toHaveLength(2);
    }));

  it('forgets the counts of both penalties at the rate of penaltyDecay', () =>
    withTiny({}, async (model) => {
      const penalties = {presencePenalty: 0.3, frequencyPenalty: 0.4, penaltyDecay: 0.7};
      const tokens = [...prompt];
      const counts = new Array(11).fill(0);
      for (let n = 0; n < 20; n++) {
        const logits = tf.tidy(() => Array.from(model.logits(tokens).dataSync().slice(-11)));
        const penalized = logits.map((logit, i) => (counts[i] > 0 ? logit - 0.3 - 0.4 * counts[i] : logit));
        const token = penalized.indexOf(Math.max(...penalized));
        counts.forEach((count, i) => {
          counts[i] = 0.7 * count;
        });
        counts[token]++;
        tokens.push(token);
      }
      const generated = await all(model.generate(prompt, {temperature: 0, maxTokens: 20, ...penalties}));
      expect(generated).toEqual(tokens.slice(prompt.length));
      const never = await all(model.generate(prompt, {temperature: 0, maxTokens: 20, ...penalties, penaltyDecay: 1}));
      expect(never).not.toEqual(generated);
    }));

  it('ends before a stop and gives out no part of it', () =>
    withTiny({}, async (model) => {
      const options = {seed: 5, maxTokens: 30};
      const tokens = await all(model.generate(prompt, options));
      const stop = tokens.slice(10, 13);
      const at = tokens.findIndex((_, i) => stop.every((token, j) => tokens[i + j] === token));
      expect(await all(model.generate(prompt, {...options, stop: [stop]}))).toEqual(tokens.slice(0, at));
      expect(await all(model.generate(prompt, {...options, stop: [tokens[4]]}))).toEqual(
        tokens.slice(0, tokens.indexOf(tokens[4])),
      );
      // A stop that only began when the tokens are at an end is none.
      expect(await all(model.generate(prompt, {...options, stop: [[tokens[29], 11]]}))).toEqual(tokens);
    }));

  it('generates nothing for maxTokens 0', () =>
    withTiny({}, async (model) => {
      expect(await all(model.generate(prompt, {maxTokens: 0}))).toEqual([]);
    }));

  it('lets timers and input of the page run between two tokens', () =>
    withTiny({}, async (model) => {
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      for await (const _ of model.generate(prompt, {maxTokens: 64}));
      clearInterval(timer);
      expect(ticks).toBeGreaterThan(1);
    }));

  it('leaves no tensor when it is broken off, fails or is never started', () =>
    withTiny({}, async (model) => {
      const before = tf.memory().numTensors;
      for await (const token of model.generate(prompt)) if (token >= 0) break;
      expect(tf.memory().numTensors).toBe(before);
      const controller = new AbortController();
      await expect(async () => {
        for await (const _ of model.generate(prompt, {signal: controller.signal})) controller.abort();
      }).rejects.toThrow(/abort/);
      expect(tf.memory().numTensors).toBe(before);
      const state = model.stream(prompt);
      model.generate([], {state: state.state});
      state.logits.dispose();
      state.state.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }));
});

describe('generate with a signal', () => {
  it('throws the reason at the next token, without running the model when it is aborted before', () =>
    withTiny({}, async (model) => {
      const reason = new Error('closed the page');
      const generation = model.generate(prompt, {signal: AbortSignal.abort(reason)});
      await expect(generation.next()).rejects.toBe(reason);
      const controller = new AbortController();
      const tokens: number[] = [];
      await expect(async () => {
        for await (const token of model.generate(prompt, {signal: controller.signal})) {
          tokens.push(token);
          if (tokens.length === 3) controller.abort(reason);
        }
      }).rejects.toBe(reason);
      expect(tokens).toHaveLength(3);
    }));
});

describe('generate with a state', () => {
  it('goes on where the stream stands, with an empty prompt or more tokens, and leaves the state as it was', () =>
    withTiny({}, async (model) => {
      const {logits, state} = model.stream(prompt.slice(0, 3));
      logits.dispose();
      for (let times = 0; times < 2; times++) {
        const tokens = await all(model.generate([], {state, temperature: 0, maxTokens: 6}));
        expect(tokens).toEqual(greedy(model, prompt.slice(0, 3), 6));
      }
      const tokens = await all(model.generate(prompt.slice(3), {state, temperature: 0, maxTokens: 6}));
      expect(tokens).toEqual(greedy(model, prompt, 6));
      state.dispose();
    }));

  it('goes on with a state that was saved', () =>
    withTiny({}, async (model) => {
      const {logits, state} = model.stream(prompt);
      logits.dispose();
      const loaded = StreamState.fromBytes(await state.toBytes());
      state.dispose();
      expect(await all(model.generate([], {state: loaded, seed: 3, maxTokens: 9}))).toEqual(
        await all(model.generate(prompt, {seed: 3, maxTokens: 9})),
      );
      loaded.dispose();
    }));

  it('ends with a ShapeError where the context does, because the tokens before are not known', () =>
    withTiny({maxSequenceLength: 6}, async (model) => {
      const {logits, state} = model.stream(prompt);
      logits.dispose();
      const tokens: number[] = [];
      await expect(async () => {
        for await (const token of model.generate([], {state, temperature: 0})) tokens.push(token);
      }).rejects.toThrow(ShapeError);
      expect(tokens).toEqual(greedy(model, prompt, 2));
      state.dispose();
    }));

  it('refuses a state of several sequences or of another model', () =>
    withTiny({}, async (model) => {
      const {logits, state} = model.stream([prompt, prompt]);
      logits.dispose();
      await expect(all(model.generate([], {state}))).rejects.toThrow(DataError);
      await expect(all(model.generate([], {state}))).rejects.toThrow(/one sequence, but is of 2/);
      state.dispose();
      const foreign = new StreamState({other: 1}, 1);
      await expect(all(model.generate([], {state: foreign}))).rejects.toThrow(/not of this model/);
    }));
});

describe('generate with text', () => {
  const model256 = (body: (model: TinyModel) => Promise<void>) => withTiny({vocabSize: 256, seed: 2}, body);

  it('gives the text of the tokens that it generates', () =>
    model256(async (model) => {
      const options = {seed: 4, maxTokens: 60};
      const tokens = await all(model.generate(byteTokenizer.encode('Hé'), options));
      const pieces = await all(model.generate('Hé', {...options, tokenizer: byteTokenizer}));
      expect(pieces.join('')).toBe(byteTokenizer.decode(tokens));
      expect(pieces).not.toContain('');
    }));

  // Reads the bytes of a text, one a token, whatever the model draws.
  function reciting(text: string): Tokenizer {
    const bytes = byteTokenizer.encode(text);
    return {
      ...byteTokenizer,
      decoder() {
        const decoder = byteTokenizer.decoder();
        let place = 0;
        return {push: () => decoder.push(bytes[place++]), end: () => decoder.end()};
      },
    };
  }

  it('never splits a character', () =>
    model256(async (model) => {
      const text = 'aé😀ß';
      const pieces = await all(model.generate('x', {tokenizer: reciting(text), maxTokens: 9}));
      expect(pieces).toEqual(['a', 'é', '😀', 'ß']);
      const cut = await all(model.generate('x', {tokenizer: reciting(text), maxTokens: 5}));
      expect(cut).toEqual(['a', 'é', '\ufffd']);
    }));

  it('ends before a stop text and never shows its beginning', () =>
    model256(async (model) => {
      const generate = (stop: string[], maxTokens = 12) =>
        all(model.generate('x', {tokenizer: reciting('one\n two\n\n3'), maxTokens, stop}));
      expect(await generate(['\n\n'])).toEqual(['o', 'n', 'e', '\n ', 't', 'w', 'o']);
      expect((await generate(['never', 'wo\n'])).join('')).toBe('one\n t');
      expect((await generate(['one'])).join('')).toBe('');
      // The beginning of a stop comes out when the text is at its end.
      expect((await generate(['o\n\n\n'], 8)).join('')).toBe('one\n two');
    }));

  it('ends at a token id too, with what the characters before were', () =>
    model256(async (model) => {
      const options = {seed: 4, maxTokens: 40};
      const tokens = await all(model.generate([120], options));
      const stop = tokens[20];
      const pieces = await all(model.generate('x', {...options, tokenizer: byteTokenizer, stop: [stop, 'not there']}));
      expect(pieces.join('')).toBe(byteTokenizer.decode(tokens.slice(0, tokens.indexOf(stop))));
    }));

  it('needs a tokenizer', () =>
    model256(async (model) => {
      expect(() => model.generate('x', {} as never)).toThrow(/needs the option tokenizer/);
    }));
});
