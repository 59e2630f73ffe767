import * as tf from '@tensorflow/tfjs';
import type {LanguageModel} from '@variants/core';
import {orderedWindows, type TrainingStep, train} from '@variants/train';
import {transformer} from '@variants/transformer';
import {adam, normEpsilon} from '../../tasks/model';
import type {ModelSize, TaskOf} from '../../tasks/task';
import {tokens as tokenValues} from '../../tasks/values';
import type {Computation} from '../computation';
import {firstToken} from '../tfjs/decoding';
import {weightTensors} from '../tfjs/model';

function modelOf(size: ModelSize, maxSequenceLength: number): LanguageModel {
  const model = transformer({...size, maxSequenceLength, tieEmbedding: true, rotaryPairing: 'halves', normEpsilon});
  const weights = weightTensors(size);
  model.setWeights(weights);
  tf.dispose(weights);
  return model;
}

/** A step of the training loop of this project, on the same batch again and again. */
export function trainingStep({model: size, batch, time}: TaskOf<'trainingStep'>): Computation {
  const model = modelOf(size, time);
  const windows = {sequenceLength: time, vocabSize: size.vocabSize};
  const source = orderedWindows(tokenValues(batch * time + 1, size.vocabSize), windows);
  const {learningRate, betas, weightDecay} = adam;
  const shared = {learningRate, betas, weightDecay, batchSize: batch} as const;
  const settings = {...shared, steps: Infinity, schedule: 'constant', warmupSteps: 0} as const;
  const steps = train(model, source, settings)[Symbol.asyncIterator]();
  let last: TrainingStep | undefined;
  return {
    async run() {
      last = (await steps.next()).value;
    },
    result: async () => (last ? [last.loss] : []),
    async dispose() {
      await steps.return?.();
      model.dispose();
    },
  };
}

/** Tokens of `generate`, from the beginning each time. */
export function decoding({model: size, tokens}: TaskOf<'decode'>): Computation {
  const model = modelOf(size, tokens + 1);
  let text: number[] = [];
  return {
    async run() {
      text = [];
      for await (const token of model.generate([firstToken], {maxTokens: tokens, temperature: 0})) text.push(token);
    },
    result: async () => text,
    dispose: () => {
      model.dispose();
    },
  };
}
