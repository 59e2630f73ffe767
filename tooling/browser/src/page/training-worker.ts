// The recipe of docs/in-a-page.md, as a user has it.
import {start} from '@variants/core';
import {retnet} from '@variants/retnet';
import {textWindows, train} from '@variants/train';

addEventListener('message', async ({data: text}) => {
  const engine = await start();
  const model = retnet({vocabSize: 256, hiddenSize: 32, numLayers: 2, numHeads: 2});
  const {training} = textWindows(text, {sequenceLength: 32});
  for await (const {number, loss} of train(model, training, {steps: 20, batchSize: 4, learningRate: 1e-2}))
    postMessage({engine, number, loss});
});
