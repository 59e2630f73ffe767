import {start} from '@variants/core';
import {sequencePairs, train} from '@variants/train';
import {wideFfn} from '@variants/wide-ffn';

await start({engine: 'cpu'});
const model = wideFfn({sourceVocabSize: 12, hiddenSize: 16, numEncoderLayers: 1, numDecoderLayers: 1});
const {padToken, endToken} = model.config;
const pairs = [
  [3, 4, 5],
  [6, 7],
  [8, 9, 10, 11],
].map((source) => ({source, target: [...source].reverse()}));
const training = sequencePairs(pairs, {beginToken: endToken, endToken, padToken});
const losses: number[] = [];
for await (const {loss} of train(model, training, {steps: 20, batchSize: 3, learningRate: 1e-2})) losses.push(loss);
if (!(losses[19] < losses[0])) throw new Error(`the loss did not fall: ${losses[0]} to ${losses[19]}`);
const [hypotheses] = await model.beamSearch([3, 4, 5], {beams: 2, maxTokens: 6});
console.log(`loss ${losses[0].toFixed(2)} to ${losses[19].toFixed(2)}, [${hypotheses[0].tokens}]`);
