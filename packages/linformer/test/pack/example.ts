import * as tf from '@tensorflow/tfjs';
import {byteTokenizer, checkpointFiles, start} from '@variants/core';
import {fromPretrained, linformer} from '@variants/linformer';

// A user's program: it trains a little on a hidden letter, and saves and loads what it trained.
await start({engine: 'cpu'});
const maskToken = byteTokenizer.vocabSize;
const sizes = {vocabSize: maskToken + 1, hiddenSize: 16, numLayers: 1, numHeads: 2, maxSequenceLength: 16};
const model = linformer(sizes);
const bytes = [...byteTokenizer.encode('the whale')];
const tokens = [bytes.map((byte, i) => (i === 4 ? maskToken : byte))];
const targets = [bytes.map((byte, i) => (i === 4 ? byte : -100))];
const optimizer = tf.train.adam(0.02);
const lossOf = () => model.loss(tokens, targets);
const before = lossOf().dataSync()[0];
const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
for (let step = 0; step < 20; step++) optimizer.minimize(lossOf, false, weights);
const after = lossOf().dataSync()[0];
if (!(after < before)) throw new Error(`the loss did not fall: ${before} to ${after}`);
const files = await checkpointFiles(model);
const loaded = await fromPretrained({config: JSON.parse(files['config.json']), weights: files['model.safetensors']});
const distance = tf.tidy(() => loaded.logits(tokens).sub(model.logits(tokens)).abs().max().dataSync()[0]);
if (distance !== 0) throw new Error(`what was saved differs by ${distance}`);
console.log(`loss ${before.toFixed(2)} to ${after.toFixed(2)}`);
