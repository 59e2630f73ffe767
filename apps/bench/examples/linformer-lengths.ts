/**
 * What compression saves: time of Linformer's attention forwards and in a training step, and the memory that the engine grew
 * to in that step, by the length of the sequence and the number of slots, beside core's fused attention to all positions;
 * with the exponents of time in the length, fitted over all lengths. Every case runs in a process of its own.
 *
 *     npx tsx apps/bench/examples/linformer-lengths.ts [--lengths 256,512,1024,2048,4096,8192] [--slots 32,128,256]
 *       [--width 128] [--heads 2] [--sharing layerwise]
 */
import {execFileSync} from 'node:child_process';
import {parseArgs} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {MultiHeadAttention, start} from '@variants/core';
import {type CompressionSharing, layers} from '@variants/linformer';
import Table from 'cli-table3';
import {median} from '../src/decoding';
import {exponentOf} from '../src/scaling/fit';

const {values: given} = parseArgs({
  options: {
    lengths: {type: 'string', default: '256,512,1024,2048,4096,8192'},
    slots: {type: 'string', default: '32,128,256'},
    width: {type: 'string', default: '128'},
    heads: {type: 'string', default: '2'},
    sharing: {type: 'string', default: 'layerwise'},
    // One case, of the process that measures it: slots, 0 for all positions, and length.
    case: {type: 'string'},
  },
});
const [hiddenSize, numHeads] = [Number(given.width), Number(given.heads)];

/** What a case came to: milliseconds, and MiB. */
interface Cost {
  forward: number;
  step: number;
  memory: number;
}

/** The median of some runs that take a second or more together. */
function timed(run: () => void): number {
  run();
  const times: number[] = [];
  for (let total = 0; times.length < 5 || (total < 1000 && times.length < 50); total += times[times.length - 1]) {
    const begin = performance.now();
    run();
    times.push(performance.now() - begin);
  }
  return median(times);
}

async function measure(slots: number, length: number): Promise<Cost> {
  await start();
  const sharing = given.sharing as CompressionSharing;
  const layer =
    slots === 0
      ? new MultiHeadAttention({numHeads})
      : layers.linformerAttention({numHeads, maxSequenceLength: length, compressedLength: slots, sharing});
  const x = tf.randomNormal([1, length, hiddenSize], 0, 1, 'float32', 0);
  tf.dispose(layer.apply(x) as tf.Tensor);
  const read = (tensor: tf.Tensor) => void tensor.sum().dataSync();
  const forward = timed(() => tf.tidy(() => read(layer.call(x, {}))));
  const step = timed(() =>
    tf.tidy(() => {
      const {grads} = tf.variableGrads(
        () => layer.call(x, {}).sum(),
        layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
      );
      for (const gradient of Object.values(grads)) read(gradient);
    }),
  );
  const {numBytesInEngineAllocated = 0} = tf.memory() as {numBytesInEngineAllocated?: number};
  return {forward, step, memory: numBytesInEngineAllocated / 2 ** 20};
}

if (given.case !== undefined) {
  const [slots, length] = given.case.split(',').map(Number);
  console.log(JSON.stringify(await measure(slots, length)));
} else {
  const lengths = given.lengths.split(',').map(Number);
  const table = new Table({head: ['attention to', ...lengths.map(String), 'exponent'], style: {head: []}});
  for (const slots of [0, ...given.slots.split(',').map(Number)]) {
    const costs = lengths.map((length): Cost => {
      const own = [...process.execArgv, process.argv[1], ...process.argv.slice(2), '--case', `${slots},${length}`];
      return JSON.parse(execFileSync(process.execPath, own, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit']}));
    });
    const name = slots === 0 ? 'all positions' : `${slots} slots`;
    for (const [what, unit] of [
      ['forward', 'ms'],
      ['step', 'ms'],
      ['memory', 'MiB'],
    ] as const) {
      const values = costs.map((cost) => cost[what]);
      table.push([
        `${name}, ${what} (${unit})`,
        ...values.map((value) => value.toPrecision(3)),
        exponentOf(lengths.map((length, i) => ({length, value: values[i]})))?.toFixed(2) ?? '',
      ]);
    }
    console.log(`${name}: done`);
  }
  console.log(`width ${hiddenSize}, ${numHeads} heads, ${given.sharing} sharing, one sequence`);
  console.log(table.toString());
}
