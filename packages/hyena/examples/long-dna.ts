/**
 * Trains a small HyenaDNA on sequences of 32,768 made-up nucleotides: genes of eight codons, so that the best loss there is
 * is ln(8) / 3 = 0.69 nats a letter, and one that knows nothing has ln(4) = 1.39.
 *
 *     npx tsx packages/hyena/examples/long-dna.ts [steps, default 20]
 */

import * as tf from '@tensorflow/tfjs';
import {Random, start} from '@variants/core';
import {hyena, nucleotideTokenizer, presets} from '@variants/hyena';

const [steps = 20] = process.argv.slice(2).map(Number);
const length = 32768;
const codons = ['ATG', 'GCC', 'GAA', 'TTC', 'AAA', 'CTG', 'CAG', 'TGA'];

function gene(seed: number): number[] {
  const random = new Random(seed, 'gene');
  const letters = Array.from({length: Math.ceil(length / 3)}, () => codons[random.below(codons.length)]).join('');
  return nucleotideTokenizer.encode(letters.slice(0, length));
}

await start();
const model = hyena({...presets['hyenadna-small-32k'], hiddenSize: 32, numLayers: 2, intermediateSize: 64});
const optimizer = tf.train.adam(0.003);
const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
for (let step = 1; step <= steps; step++) {
  const began = performance.now();
  const tokens = [gene(step)];
  const loss = optimizer.minimize(() => model.loss(tokens), true, variables) as tf.Scalar;
  const [nats] = await loss.data();
  loss.dispose();
  const seconds = (performance.now() - began) / 1000;
  console.log(`step ${step}: ${nats.toFixed(3)} nats a letter, ${seconds.toFixed(1)} s for ${length} letters`);
}
