import * as tf from '@tensorflow/tfjs';
import {CausalLayer, type LanguageModel, type StreamState} from '@variants/core';
import '@variants/core/simd';
import {assert, assertSame} from '../assert';
import {longestTime, randomTokens, withModel} from '../models';
import type {Law} from '../subject';

/** Logits of one sequence fed token by token. Between two tokens, `pause` is called. */
function feed(model: LanguageModel, tokens: number[], pause: () => void): number[] {
  let state: StreamState | null = null;
  const values = tokens.flatMap((token) => {
    const step = model.stream([[token]], state);
    state = step.state;
    const logits = [...step.logits.dataSync()];
    step.logits.dispose();
    pause();
    return logits;
  });
  (state as StreamState | null)?.dispose();
  return values;
}

/** Counts how often the first of a model's causal layers is run on a piece. */
function countCalls(model: LanguageModel): {calls: number} {
  const count = {calls: 0};
  const layer = model.layers.find((each) => each instanceof CausalLayer) as CausalLayer;
  const advance = layer.advance.bind(layer);
  layer.advance = (...args) => {
    count.calls++;
    return advance(...args);
  };
  return count;
}

/** How many kinds of steps there are among those that feed so many tokens one by one. */
function kindsOfSteps(model: LanguageModel, count: number): number {
  const layers = model.layers.filter((layer) => layer instanceof CausalLayer);
  const kinds = Array.from({length: count}, (_, fed) => layers.map((layer) => layer.stepKind(fed)).join());
  return new Set(kinds).size;
}

/** On the engine, a step of one token of each kind is computed once or twice and then run from its record, to the same bits. */
export const recordedSteps: Law = {
  name: 'gives the same bits when the engine runs the record of a step',
  kinds: ['language-model'],
  check: async (subject) => {
    const before = tf.getBackend();
    await tf.setBackend('simd');
    try {
      await withModel(subject, (model: LanguageModel) => {
        const [tokens] = randomTokens(model, 1, Math.min(10, longestTime(subject, model)), 6);
        const count = countCalls(model);
        const recorded = feed(model, tokens, () => {});
        const {calls} = count;
        // Steps of other shapes in between let no record come about.
        const computed = feed(model, tokens, () => {
          const {logits, state} = model.stream([[0], [0]]);
          const next = model.stream([[1], [1]], state);
          tf.dispose([logits, next.logits]);
          next.state.dispose();
        });
        assertSame(recorded, computed, 'steps that were recorded');
        // The first has no state yet, the second and the third are seen to be alike; later ones may be of other kinds.
        const most = 2 + kindsOfSteps(model, tokens.length);
        assert(calls <= most, `of ${tokens.length} steps of one token, ${calls} were computed`);
      });
    } finally {
      await tf.setBackend(before);
    }
  },
};
