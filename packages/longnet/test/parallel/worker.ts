import {parentPort} from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import {start} from '@variants/core';
import {ops, SharedMemoryCommunicator} from '../../src';

/** What a worker is to do: attention of its part, and the gradient of sum(output · probe). */
export interface Task {
  memory: SharedArrayBuffer;
  rank: number;
  engine: string;
  /** [batch, part, heads, size] */
  shape: number[];
  queries: Float32Array;
  keys: Float32Array;
  values: Float32Array;
  probe: Float32Array;
  options: Omit<Parameters<typeof ops.parallelDilatedAttention>[3], 'communicator'>;
}

/** What it gives. */
export interface Answer {
  /** The output, and the gradients of queries, keys and values. */
  tensors: Float32Array[];
  /** Bytes that it sent to others. */
  bytesSent: number;
}

async function run({memory, rank, engine, shape, options, ...data}: Task): Promise<Answer> {
  await start({engine, ...(engine === 'simd' && {threads: 1})});
  const communicator = new SharedMemoryCommunicator(memory, rank);
  const tensors = tf.tidy(() => {
    const given = [data.queries, data.keys, data.values].map((values) => tf.tensor(values, shape));
    let output = new Float32Array();
    const gradients = tf.grads((...[q, k, v]: tf.Tensor[]) => {
      const found = ops.parallelDilatedAttention(q, k, v, {...options, communicator}).output;
      output = found.dataSync() as Float32Array<ArrayBuffer>;
      return found.mul(tf.tensor(data.probe, shape)).sum().asScalar();
    })(given);
    return [output, ...gradients.map((gradient) => gradient.dataSync() as Float32Array)];
  });
  return {tensors, bytesSent: communicator.bytesSent};
}

parentPort?.on('message', async (task: Task) => parentPort?.postMessage(await run(task)));
