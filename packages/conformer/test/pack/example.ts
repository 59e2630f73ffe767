import * as tf from '@tensorflow/tfjs';
import {conformer} from '@variants/conformer';
import {start} from '@variants/core';

// Two utterances, learned by heart, and then heard as they come.
await start({seed: 1});
const model = conformer({
  ...{vocabSize: 4, inputSize: 8, hiddenSize: 16, numLayers: 1, numHeads: 2, intermediateSize: 32, kernelSize: 5},
  ...{causal: true, convolutionNorm: 'layer', chunkSize: 2, leftChunks: 2},
});
const features = tf.randomNormal([2, 31, 8], 0, 1, 'float32', 1);
const targets = [
  [1, 2],
  [3, 1],
];
const optimizer = tf.train.adam(0.01);
for (let step = 0; step < 40; step++) optimizer.minimize(() => model.loss(features, targets));
const loss = model.loss(features, targets).dataSync()[0];
const {logits, state} = model.stream(features, null, {last: true});
console.log(loss < 1, logits.shape.join());
state.dispose();
model.dispose();
