import * as tf from '@tensorflow/tfjs';
import {start} from '@variants/core';
import '@variants/core/simd';

// A tfjs program on the engine, from the installed package.
console.log(await start({engine: 'simd', threads: 2}));
const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
const gradient = tf.grad((y) => tf.matMul(y, y, false, true).sum())(x);
const values = [...gradient.dataSync()];
if (values.join() !== '8,12,8,12') throw new Error(`the gradient is ${values}`);
console.log(values.join());

// tfjs's own models under file:// URLs; a browser has none.
if ((globalThis as {process?: object}).process) {
  const model = tf.sequential({layers: [tf.layers.dense({units: 2, inputShape: [3]})]});
  await model.save('file://./saved%20by%20the%20example');
  const loaded = await tf.loadLayersModel('file://./saved by the example/model.json');
  const [saved, read] = [model, loaded].map(({weights}) => weights.map((weight) => weight.read().dataSync().join()));
  if (saved.join() !== read.join()) throw new Error(`the model came back as ${read}`);
}
