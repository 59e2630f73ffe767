/**
 * From which length on Hyena's operator is faster than attention of the same width: a training step, forward and all
 * gradients, of the one layer and of the other. Prints a table and a plot in Markdown.
 *
 *     npx tsx packages/hyena/bench/crossover.ts [longest, default 16384] [width, default 64] [batch, default 1]
 */
import * as tf from '@tensorflow/tfjs';
import {inference, SelfAttention, start, type VariantLayer} from '@variants/core';
import {layers} from '../src';

const [longest = 16384, width = 64, batch = 1] = process.argv.slice(2).map(Number);
await start({engine: 'simd'});

/** The least milliseconds of a few training steps, half a second of them at least. */
async function millisecondsPerStep(layer: VariantLayer, time: number): Promise<number> {
  layer.apply(tf.input({shape: [null, width]}));
  const weights = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const x = tf.variable(tf.randomNormal([batch, time, width], 0, 1, 'float32', 1));
  const loss = () => layer.forward(x, inference).square().mean() as tf.Scalar;
  let least = Number.POSITIVE_INFINITY;
  for (let began = performance.now(), steps = 0; steps < 2 || performance.now() - began < 500; steps++) {
    const start = performance.now();
    const {value, grads} = tf.variableGrads(loss, [...weights, x]);
    await value.data();
    least = Math.min(least, performance.now() - start);
    tf.dispose([value, grads]);
  }
  tf.dispose(x);
  layer.dispose();
  return least;
}

const lengths: number[] = [];
for (let time = 256; time <= longest; time *= 2) lengths.push(time);
const ratios: string[] = [];
console.log(`width ${width}, batch ${batch}; attention of one head per 32\n`);
console.log('| length | Hyena, ms | attention, ms | attention / Hyena |\n| --- | --- | --- | --- |');
for (const time of lengths) {
  const hyena = await millisecondsPerStep(layers.hyena({maxSequenceLength: time}), time);
  const attention = await millisecondsPerStep(new SelfAttention({numHeads: Math.max(1, width / 32)}), time);
  ratios.push((attention / hyena).toFixed(2));
  console.log(`| ${time} | ${hyena.toFixed(1)} | ${attention.toFixed(1)} | ${ratios[ratios.length - 1]} |`);
}
console.log(`
\`\`\`mermaid
xychart-beta
  title "Time of a training step: attention / Hyena, and 1"
  x-axis "length" [${lengths.join(', ')}]
  y-axis "ratio"
  line [${ratios.join(', ')}]
  line [${ratios.map(() => 1).join(', ')}]
\`\`\``);
