import * as tf from '@tensorflow/tfjs';
import {makeRoom, withAttentionSinks} from '@variants/attention-sinks';
import {ConfigError, type LanguageModel, type StreamState} from '@variants/core';
import {transformer} from '@variants/transformer';
import {describe, expect, it} from 'vitest';
import {architectures} from '../src/architectures';

const text = (length: number) => Array.from({length}, (_, i) => (i * i + 3) % 11);

const small = {vocabSize: 11, hiddenSize: 16, numHeads: 2, numLayers: 2, intermediateSize: 24, maxSequenceLength: 16};

const logitsOf = (model: LanguageModel, tokens: number[]) => tf.tidy(() => model.logits(tokens).dataSync<'float32'>());

describe('withAttentionSinks around the models of other packages', () => {
  it.each([
    {},
    {numKeyValueHeads: 1, rotaryPairing: 'halves' as const},
    {ropeScaling: {type: 'yarn' as const, factor: 2, originalMaxSequenceLength: 8}},
  ])('goes on where a Transformer ends: %o', (fields) => {
    const host = transformer({...small, ...fields});
    const model = withAttentionSinks(host, {numSinks: 2, windowSize: 9});
    expect(model.layout).toBe(host.layout);
    const [dense, endless] = [logitsOf(host, text(12)), logitsOf(model, text(40))];
    dense.forEach((value, i) => {
      expect(endless[i]).toBeCloseTo(value, 5);
    });
    expect(() => logitsOf(host, text(40))).toThrow(/maxSequenceLength 16/);
    host.dispose();
    model.dispose();
  });

  it('makes room in a Transformer whose context is full', () => {
    const model = transformer(small);
    let state: StreamState | null = null;
    for (let round = 0; round < 4; round++) {
      state = makeRoom(model, state, 6, {numSinks: 2, windowSize: 14});
      const step: {logits: tf.Tensor; state: StreamState} = model.stream(text(6), state);
      step.logits.dispose();
      state = step.state;
      expect(state.length).toBe([6, 12, 16, 16][round]);
    }
    state?.dispose();
    model.dispose();
  });

  it('refuses learned positions, and all without attention, in one line', () => {
    const others = architectures
      .filter(({card}) => !['transformer', 'attention-sinks'].includes(card.name))
      .map(({card, sized}) => ({
        name: card.name,
        model: sized({parameters: 40_000, vocabSize: 16, maxSequenceLength: 16})(0),
      }));
    const attending = others.filter(({model}) => 'cachePositions' in model.config);
    for (const {name, model} of others.filter((other) => !attending.includes(other)))
      expect(() => withAttentionSinks(model), name).toThrow(
        /^withAttentionSinks: .* (has no attention that can keep sinks; .*|adds a position of its own to each token, .*)$/,
      );
    const gpt2 = transformer({...small, family: 'gpt2'});
    expect(() => withAttentionSinks(gpt2)).toThrow(ConfigError);
    expect(() => withAttentionSinks(gpt2)).toThrow(
      /^withAttentionSinks: transformer adds a position of its own to each/,
    );
    for (const model of [gpt2, ...others.map((other) => other.model)]) model.dispose();
  });
});
