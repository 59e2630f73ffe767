import * as tf from '@tensorflow/tfjs';
import {assert, assertSame, assertSameWeights} from '../assert';
import {twoExamples} from '../examples';
import {adamSteps, weightsOf, withFreshModel} from '../models';
import type {Law, Subject} from '../subject';

/** The first weights, and losses and weights of a short training. */
function shortRun(subject: Subject, seed: number) {
  return withFreshModel(
    subject,
    (model) => {
      const example = twoExamples(subject, model);
      const first = weightsOf(model);
      const losses = [...adamSteps(model, example, 3, 0.01)];
      tf.dispose([example.inputs, example.targets]);
      return {first, losses, last: weightsOf(model)};
    },
    {seed},
  );
}

/** A seed fixes the weights and the whole training, whatever was made in between. */
export const sameSeed: Law = {
  name: 'gives the same weights and the same training for the same seed',
  async check(subject) {
    const run = await shortRun(subject, 1);
    await withFreshModel(subject, () => {}, {seed: 2});
    const again = await shortRun(subject, 1);
    assertSameWeights(again.first, run.first, 'the same seed');
    assertSame(again.losses, run.losses, 'losses of the same training');
    assertSameWeights(again.last, run.last, 'the same training');
  },
};

/** Another seed gives other weights. */
export const otherSeed: Law = {
  name: 'gives other weights for another seed',
  async check(subject) {
    const [one, two] = [1, 2].map((seed) => withFreshModel(subject, weightsOf, {seed}));
    const other = await two;
    const drawn = [...(await one)].filter(([, values]) => values.some((value) => value !== values[0]));
    const same = drawn.filter(([name, values]) => other.get(name)?.every((value, i) => value === values[i]));
    assert(drawn.length > 0, 'no weight is drawn at random');
    assert(same.length < drawn.length, `two seeds give the same ${same.map(([name]) => name).join(', ')}`);
  },
};
