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
