import * as tf from '@tensorflow/tfjs';
import {type LanguageModel, StreamState} from '@variants/core';
import {setThreads} from '@variants/core/simd';
import fc from 'fast-check';
import {assertClose} from '../assert';
import {outputsOf, twoExamples} from '../examples';
import {randomTokens, streamTolerance, withModel} from '../models';
import type {Law, Subject} from '../subject';

/** What is done before a step of a stream. */
type Change = 'nothing' | 'set weights' | 'train' | 'clone the state' | 'save the state' | 'one thread' | 'two threads';

/** On which engine a step is taken, after which change. */
type Step = readonly [engine: 'simd' | 'cpu', change?: Change];

const anyStep: fc.Arbitrary<Step> = fc.tuple(
  // Most steps on the engine that records them, so that it does.
  fc.constantFrom('simd', 'simd', 'simd', 'cpu'),
  fc.constantFrom<Change>('nothing', 'nothing', 'set weights', 'clone the state', 'save the state'),
);

/** There and back, as soon as steps are recorded, with and without a change in between. */
const thereAndBack: Step[] = [
  ...(['simd', 'simd', 'simd', 'simd', 'cpu', 'simd', 'cpu'] as const).map((engine): Step => [engine]),
  ...([
    ['simd', 'set weights'],
    ['cpu', 'train'],
    ['simd'],
    ['cpu', 'save the state'],
    ['simd', 'two threads'],
  ] as const),
  ...([['cpu', 'clone the state'], ['simd'], ['simd', 'one thread']] as const),
];

function setWeights(model: LanguageModel): void {
  tf.tidy(() => model.setWeights(model.getWeights().map((weight) => weight.mul(0.97))));
}

function train(subject: Subject, model: LanguageModel): void {
  const {inputs, targets} = twoExamples(subject, model);
  const optimizer = tf.train.sgd(0.05);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  optimizer.minimize(() => model.loss(inputs as tf.Tensor2D, targets as tf.Tensor2D), false, variables);
  optimizer.dispose();
  tf.dispose([inputs, targets]);
}

/** A stream whose steps are taken on these engines; or, with `engine`, all on that one. Gives what each puts out. */
async function streamed(subject: Subject, steps: readonly Step[], engine?: string): Promise<Float32Array[]> {
  await tf.setBackend(engine ?? steps[0][0]);
  return withModel(subject, async (model: LanguageModel) => {
    const [tokens] = randomTokens(model, 1, Math.min(steps.length, model.contextLength ?? steps.length), 7);
    const outputs: Float32Array[] = [];
    let state: StreamState | null = null;
    for (const [i, token] of tokens.entries()) {
      const [own, change = 'nothing'] = steps[i];
      if (change === 'set weights') setWeights(model);
      if (change === 'train') train(subject, model);
      if (change.includes('thread')) await setThreads(change === 'one thread' ? 1 : 2);
      await tf.setBackend(engine ?? own);
      state = await changed(state, change);
      const next: {logits: tf.Tensor; state: StreamState} = model.stream([token], state);
      outputs.push(next.logits.dataSync<'float32'>().slice());
      next.logits.dispose();
      state = next.state;
    }
    state?.dispose();
    return outputs;
  });
}

/** The state, or a copy in its place. */
async function changed(state: StreamState | null, change: Change): Promise<StreamState | null> {
  const isCloned = change === 'clone the state';
  if (!state || !(isCloned || change === 'save the state')) return state;
  const copy = isCloned ? state.clone() : StreamState.fromBytes(await state.toBytes());
  state.dispose();
  return copy;
}

/** Nothing that an engine keeps for the next step is taken for what the program has. */
export const engineSwitches: Law = {
  name: 'streams the same whichever engine takes each step, with weights set in between',
  kinds: ['language-model'],
  check: async (subject) => {
    const before = tf.getBackend();
    try {
      const check = async (steps: Step[]) => {
        const expected = await streamed(subject, steps, 'cpu');
        const outputs = await streamed(subject, steps);
        for (const [i, values] of outputs.entries())
          assertClose(values, expected[i], streamTolerance(subject), `step ${i} of ${JSON.stringify(steps)}`);
      };
      await check(thereAndBack);
      await fc.assert(fc.asyncProperty(fc.array(anyStep, {minLength: 6, maxLength: 6}), check), {numRuns: 1});
    } finally {
      await setThreads(1);
      await tf.setBackend(before);
    }
  },
};

/** The same model on one engine after the other is the same model. */
export const engines: Law = {
  name: 'gives the same outputs on other engines, before and after',
  check: (subject) =>
    withModel(subject, async (model) => {
      const {inputs, targets} = twoExamples(subject, model);
      const before = tf.getBackend();
      try {
        await tf.setBackend('simd');
        const first = outputsOf(model, inputs);
        for (const engine of ['cpu', 'simd', 'cpu', 'simd']) {
          await tf.setBackend(engine);
          assertClose(outputsOf(model, inputs), first, 1e-4, `outputs on ${engine}`);
        }
      } finally {
        await tf.setBackend(before);
        tf.dispose([inputs, targets]);
      }
    }),
};
