import * as tf from '@tensorflow/tfjs';
import {type CausalLayer, ConfigError} from '@variants/core';
import {setThreads} from '@variants/core/simd';
import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest';
import {type RoFormer, roformer} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24, pooler: 'tanh'} as const;
const prompt = [5, 1, 7, 2];

const largest = (x: tf.Tensor) => tf.tidy(() => x.abs().max().dataSync()[0]);

describe.each(['cpu', 'simd'])('a prompt that is read in both directions, on %s', (backend) => {
  let model: RoFormer;
  beforeAll(async () => {
    if (backend === 'simd') await setThreads(1);
    await tf.setBackend(backend);
    model = roformer({...small, seed: 4});
  });
  afterAll(async () => {
    model.dispose();
    await tf.setBackend('cpu');
  });

  /** The logits of a whole sequence behind a prompt, in one pass. */
  const whole = (tokens: number[]) =>
    model.logits([tokens], {prefix: tf.tensor2d([tokens.map((_, n) => (n < prompt.length ? 1 : 0))])});

  it('goes on as one pass over prompt and rest does, in recorded steps too', async () => {
    const {logits, state} = model.readPrompt([prompt]);
    logits.dispose();
    const tokens = [...prompt];
    for await (const token of model.generate([], {state, maxTokens: 12, temperature: 0})) tokens.push(token);
    state.dispose();
    tf.tidy(() => {
      const best = whole(tokens).argMax(-1).dataSync();
      expect(tokens.slice(prompt.length)).toEqual([...best.slice(prompt.length - 1, -1)]);
    });
    tf.tidy(() => {
      const embeddings = model.layers.find(({name}) => name === 'embeddings') as CausalLayer;
      const computed = vi.spyOn(embeddings, 'advance');
      let step = model.readPrompt([prompt]);
      const streamed = [step.logits];
      for (const token of tokens.slice(prompt.length)) {
        step = model.stream([[token]], step.state);
        streamed.push(step.logits);
      }
      step.state.dispose();
      const all = whole(tokens);
      expect(largest(tf.concat(streamed, 1).sub(all))).toBeLessThan(1e-5 * largest(all));
      // The prompt, two steps until they are seen to be alike, and the pass over all.
      if (backend === 'simd') expect(computed.mock.calls.length).toBeLessThanOrEqual(3 + 1);
      computed.mockRestore();
    });
  });

  it('sees what comes later in the prompt, which a causal reading does not', () => {
    tf.tidy(() => {
      const first = (tokens: number[], isPrompt: boolean) => {
        const {logits, state} = isPrompt ? model.readPrompt([tokens]) : model.stream([tokens]);
        state.dispose();
        return logits.slice([0, 0], [1, 1]);
      };
      const other = prompt.with(3, 9);
      expect(largest(first(prompt, true).sub(first(other, true)))).toBeGreaterThan(1e-4);
      expect(largest(first(prompt, false).sub(first(other, false)))).toBe(0);
    });
  });

  it('trains on what follows the prompts, each row its own', () => {
    tf.tidy(() => {
      const tokens = [
        [5, 1, 7, 2, 3],
        [4, 4, 8, 6, 1],
      ];
      const targets = [
        [-100, 7, 2, 3, -100],
        [-100, -100, -100, 1, -100],
      ];
      const prefix = tf.tensor2d([
        [1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0],
      ]);
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const {value, grads} = tf.variableGrads(() => model.loss(tokens, targets, {prefix}), variables);
      expect(value.dataSync()[0]).toBeGreaterThan(0);
      // The token behind the second prompt is not seen by what is predicted.
      expect(Object.keys(grads).length).toBeGreaterThan(variables.length - 3);
      const alone = model.loss(
        tokens.map((row) => row.slice(0, 4)),
        targets.map((row) => row.slice(0, 4)),
        {prefix: prefix.slice([0, 0], [2, 4])},
      );
      expect(Math.abs(alone.sub(value).dataSync()[0])).toBeLessThan(1e-5);
    });
  });

  it('embeds sentences by their first position, whatever padding is behind them', () => {
    tf.tidy(() => {
      const vector = model.sentenceEmbeddings([prompt]);
      expect(vector.shape).toEqual([1, 16]);
      const attentionMask = tf.tensor2d([[1, 1, 1, 1, 0, 0]]);
      const padded = model.sentenceEmbeddings([[...prompt, 0, 0]], {attentionMask});
      expect(largest(vector.sub(padded))).toBeLessThan(1e-5);
      expect(largest(vector.sub(model.sentenceEmbeddings([prompt.with(3, 9)])))).toBeGreaterThan(1e-5);
    });
  });
});

it('has no embeddings of sentences without a pooler, and says so', () => {
  const model = roformer({...small, pooler: null});
  expect(() => model.sentenceEmbeddings([prompt])).toThrow(ConfigError);
  expect(() => model.sentenceEmbeddings([prompt])).toThrow('roformer: pooler is null, so that there are no embeddings');
  model.dispose();
});
