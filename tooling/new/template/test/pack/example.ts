import * as tf from '@tensorflow/tfjs';
import {byteTokenizer, start} from '@variants/core';
import {templateName} from '@variants/template-name';

// A user's program: it trains a little and generates, from the installed package.
await start({engine: 'cpu'});
const model = templateName({vocabSize: 256, hiddenSize: 16, numLayers: 1});
const tokens = tf.tensor2d([byteTokenizer.encode('the whale')], undefined, 'int32');
const optimizer = tf.train.adam(0.02);
const lossOf = () => model.loss(tokens);
const before = lossOf().dataSync()[0];
for (let step = 0; step < 20; step++) optimizer.minimize(lossOf);
const after = lossOf().dataSync()[0];
if (!(after < before)) throw new Error(`the loss did not fall: ${before} to ${after}`);
let text = '';
for await (const piece of model.generate('the', {tokenizer: byteTokenizer, maxTokens: 6, temperature: 0}))
  text += piece;
console.log(`loss ${before.toFixed(2)} to ${after.toFixed(2)}, "${text}"`);
