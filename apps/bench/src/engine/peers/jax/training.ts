import {type Array as JaxArray, jit, nn, numpy as np, valueAndGrad} from '@jax-js/jax';
import {adam} from '../../tasks/model';
import type {TaskOf} from '../../tasks/task';
import {tokens} from '../../tasks/values';
import type {Computation} from '../computation';
import {causalBias, plainAttention, plainLogits, type Turns, turnsOf, weightArrays} from './model';

/** All that changes with a step, and what it is computed from. */
type State = {weights: JaxArray[]; first: JaxArray[]; second: JaxArray[]; step: JaxArray};
type Data = {inputs: JaxArray; targets: JaxArray; bias: JaxArray; turns: Turns};

/** A step of training with Adam, all of it one compiled function. */
export function trainingStep({model, batch, time}: TaskOf<'trainingStep'>): Computation {
  const text = tokens(batch * time + 1, model.vocabSize);
  const oneHot = (list: Int32Array<ArrayBuffer>) =>
    nn.oneHot(np.array(list, {dtype: np.int32}), model.vocabSize).reshape([batch, time, model.vocabSize]);
  const data: Data = {
    inputs: oneHot(text.slice(0, -1)),
    targets: oneHot(text.slice(1)),
    bias: causalBias(time),
    turns: turnsOf(model, time),
  };

  const lossOf = (weights: JaxArray[], {inputs, targets, bias, turns}: Data): JaxArray => {
    const embedded = np.matmul(inputs, weights[0].ref);
    const logits = plainLogits(model, weights, embedded, turns, (_, q, k, v) => plainAttention(q, k, v, bias.ref));
    const loss = np.sum(nn.logSoftmax(logits, -1).mul(targets)).mul(-1 / (batch * time));
    for (const array of [...weights, bias, turns.cos, turns.sin]) array.dispose();
    return loss;
  };

  const next = jit((state: State, data: Data): {state: State; loss: JaxArray} => {
    const weights = state.weights;
    const [loss, gradients] = valueAndGrad(lossOf)(
      weights.map((weight) => weight.ref),
      data,
    );
    const step = state.step.add(1);
    const [beta1, beta2] = adam.betas;
    const correction = (beta: number) =>
      np.reciprocal(
        np
          .exp(step.ref.mul(Math.log(beta)))
          .mul(-1)
          .add(1),
      );
    const corrections = [correction(beta1), correction(beta2)];
    const after: State = {weights: [], first: [], second: [], step};
    weights.forEach((weight, i) => {
      const g = (gradients as JaxArray[])[i];
      const first = state.first[i].mul(beta1).add(g.ref.mul(1 - beta1));
      const second = state.second[i].mul(beta2).add(np.square(g).mul(1 - beta2));
      const root = np.sqrt(second.ref.mul(corrections[1].ref)).add(adam.epsilon);
      const change = first.ref.mul(corrections[0].ref).div(root).mul(adam.learningRate);
      after.weights.push(weight.sub(change));
      after.first.push(first);
      after.second.push(second);
    });
    for (const array of corrections) array.dispose();
    return {state: after, loss};
  });

  const weights = weightArrays(model);
  const zeros = () => weights.map(({shape}) => np.zeros(shape));
  let state: State = {weights, first: zeros(), second: zeros(), step: np.array(0)};
  const more = ({inputs, targets, bias, turns}: Data): Data => ({
    inputs: inputs.ref,
    targets: targets.ref,
    bias: bias.ref,
    turns: {cos: turns.cos.ref, sin: turns.sin.ref},
  });
  let loss = Number.NaN;
  return {
    async run() {
      const after = next(state, more(data));
      state = after.state;
      for (const array of state.weights) await array.blockUntilReady();
      [loss] = await after.loss.data();
    },
    result: async () => [loss],
    dispose() {
      const {inputs, targets, bias, turns} = data;
      const all = [inputs, targets, bias, turns.cos, turns.sin, state.step];
      for (const array of [...all, ...state.weights, ...state.first, ...state.second]) array.dispose();
    },
  };
}
