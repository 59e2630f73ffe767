import * as tf from '@tensorflow/tfjs';
import {byteTokenizer, start} from '@variants/core';
import {distil, hyena} from '@variants/hyena';

// A user's program: it trains a little, generates and distils, from the installed package.
await start({engine: 'cpu'});
const model = hyena({vocabSize: 256, hiddenSize: 16, numLayers: 1, maxSequenceLength: 32, filterSize: 16});
const tokens = tf.tensor2d([byteTokenizer.encode('the whale')], undefined, 'int32');
const optimizer = tf.train.adam(0.02);
const lossOf = () => model.loss(tokens);
const before = lossOf().dataSync()[0];
const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
for (let step = 0; step < 20; step++) optimizer.minimize(lossOf, false, variables);
const after = lossOf().dataSync()[0];
if (!(after < before)) throw new Error(`the loss did not fall: ${before} to ${after}`);
const {model: distilled} = await distil(model, {order: 8});
let text = '';
for await (const piece of distilled.generate('the', {tokenizer: byteTokenizer, maxTokens: 6, temperature: 0}))
  text += piece;
console.log(`loss ${before.toFixed(2)} to ${after.toFixed(2)}, "${text}"`);
