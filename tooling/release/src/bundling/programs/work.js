import {byteTokenizer, start} from '@variants/core';
import {retnet} from '@variants/retnet';
import {textWindows, train} from '@variants/train';

/** What a page does with the packages: it starts the engine, trains a little and generates. */
export async function work() {
  const engine = await start();
  const model = retnet({vocabSize: 256, hiddenSize: 16, numLayers: 1, numHeads: 2});
  const {training} = textWindows('the whale and the sea. '.repeat(50), {sequenceLength: 16});
  const losses = [];
  for await (const {loss} of train(model, training, {steps: 20, batchSize: 4, learningRate: 1e-2})) losses.push(loss);
  let text = '';
  for await (const piece of model.generate('the', {tokenizer: byteTokenizer, maxTokens: 5, temperature: 0}))
    text += piece;
  return {engine, loss: losses.at(-1), text};
}
