/**
 * How far Performer's attention is from softmax attention by the number of random features: orthogonal and independent
 * positive features, and the trigonometric ones that the paper compares them with (its Figure 4: T 4096, d 16). Mean squared
 * error of the output over several draws. Prints a table, and writes it as a plot.
 *
 *     npx tsx apps/bench/examples/performer-features.ts [--time 4096] [--size 16] [--features 16,32,64,128,256,512]
 *         [--draws 20] [--spread 0.5] [--seed 0] [--out performer-features.svg]
 */
import {writeFileSync} from 'node:fs';
import {parseArgs} from 'node:util';
import * as Plot from '@observablehq/plot';
import * as tf from '@tensorflow/tfjs';
import {attention, Random, start} from '@variants/core';
import {ops} from '@variants/performer';
import Table from 'cli-table3';
import {parseHTML} from 'linkedom';

const {values: given} = parseArgs({
  options: {
    time: {type: 'string', default: '4096'},
    size: {type: 'string', default: '16'},
    features: {type: 'string', default: '16,32,64,128,256,512'},
    draws: {type: 'string', default: '20'},
    // The standard deviation of queries and keys.
    spread: {type: 'string', default: '0.5'},
    seed: {type: 'string', default: '0'},
    out: {type: 'string', default: 'performer-features.svg'},
  },
});
const [time, size, draws, spread, seed] = [given.time, given.size, given.draws, given.spread, given.seed].map(Number);
const counts = given.features.split(',').map(Number);

type Heads = {q: tf.Tensor; k: tf.Tensor; v: tf.Tensor};

const normal = (shape: number[], random: Random, deviation = 1) =>
  tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => deviation * random.normal()),
    shape,
  );

/** sqrt(1/m) exp(|x|²/2) [sin, cos] of the projections: products have the same mean, and are negative at times. */
function trigonometric({q, k, v}: Heads, projection: tf.Tensor): tf.Tensor {
  const features = (x: tf.Tensor) => {
    const scaled = x.mul(size ** -0.25);
    const u = tf.matMul(scaled.reshape([-1, size]), projection, false, true).reshape([1, 1, time, -1]);
    const weight = scaled.square().sum(-1, true).mul(0.5);
    return tf.concat([u.sin(), u.cos()], 3).mul(weight.sub(weight.max()).exp());
  };
  return ops.linearAttention(features(q), features(k), v).output;
}

const favor = ({q, k, v}: Heads, projection: tf.Tensor) => ops.favorAttention(q, k, v, {projection});

const kinds = {
  'positive, orthogonal': (heads: Heads, m: number, random: Random) =>
    favor(heads, ops.orthogonalProjection(m, size, {seed: random})),
  'positive, independent': (heads: Heads, m: number, random: Random) => favor(heads, normal([m, size], random)),
  // Half as many directions, each of which makes a sine and a cosine.
  'trigonometric, orthogonal': (heads: Heads, m: number, random: Random) =>
    trigonometric(heads, ops.orthogonalProjection(Math.max(1, m / 2), size, {seed: random})),
};

/** The error of one kind with one number of features. */
interface Point {
  kind: string;
  m: number;
  error: number;
}

await start({engine: 'simd'});
const points: Point[] = [];
const uniform: number[] = [];
for (let draw = 0; draw < draws; draw++)
  tf.tidy(() => {
    const random = new Random(seed, 'performer-features', draw);
    const [q, k, v] = [spread, spread, 1].map((deviation) => normal([1, 1, time, size], random, deviation));
    const exact = attention(q, k, v).output;
    const errorOf = (output: tf.Tensor) => output.sub(exact).square().mean().dataSync()[0];
    uniform.push(errorOf(v.mean(2, true)));
    for (const [kind, run] of Object.entries(kinds))
      for (const m of counts) points.push({kind, m, error: tf.tidy(() => errorOf(run({q, k, v}, m, random)))});
  });

const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const means = Object.keys(kinds).flatMap((kind) =>
  counts.map((m) => ({
    kind,
    m,
    error: meanOf(points.filter((point) => point.kind === kind && point.m === m).map(({error}) => error)),
  })),
);

const table = new Table({head: ['features m', ...Object.keys(kinds)]});
for (const m of counts)
  table.push([m, ...means.filter((point) => point.m === m).map(({error}) => error.toExponential(2))]);
console.log(table.toString());
console.log(`the mean of all values in place of attention: ${meanOf(uniform).toExponential(2)}`);

const {document} = parseHTML('<html><body></body></html>');
const svg = Plot.plot({
  document,
  ...{width: 640, height: 400, marginLeft: 60, marginBottom: 40, grid: true, style: {fontSize: '13px'}},
  x: {type: 'log', label: 'random features m', ticks: counts, tickFormat: String},
  y: {type: 'log', label: 'mean squared error of the output'},
  color: {legend: false},
  marks: [
    Plot.ruleY([meanOf(uniform)], {strokeDasharray: '4 4'}),
    Plot.line(means, {x: 'm', y: 'error', stroke: 'kind'}),
    Plot.dot(means, {x: 'm', y: 'error', fill: 'kind'}),
    Plot.text(
      means.filter(({m}) => m === counts[counts.length - 1]),
      {x: 'm', y: 'error', text: 'kind', fill: 'kind', textAnchor: 'end', dy: -10},
    ),
  ],
}).outerHTML;
writeFileSync(given.out, svg.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" '));
console.log(`plot: ${given.out}`);
