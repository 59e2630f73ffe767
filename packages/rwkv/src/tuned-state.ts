import * as tf from '@tensorflow/tfjs';
import {CheckpointError, type CheckpointSource, openCheckpoint, StreamState} from '@variants/core';
import type {Rwkv} from './model';

/**
 * The beginning of a stream from a file of state tuning (.pth or safetensors): tensors `blocks.<i>.att.time_state` [heads, N values,
 * N keys], and none but those count. For `stream` and `generate`; versions 5 to 7.
 * @throws CheckpointError when the file does not fit the model.
 */
export async function tunedState(model: Rwkv, source: CheckpointSource): Promise<StreamState> {
  const checkpoint = await openCheckpoint(source);
  try {
    const {numLayers} = model.config;
    const memories: tf.Tensor[] = [];
    try {
      for (let i = 0; i < numLayers; i++)
        memories.push(await readMemory(model, checkpoint, `blocks.${i}.att.time_state`));
    } catch (error) {
      tf.dispose(memories);
      throw error;
    }
    return new StreamState(Object.fromEntries(memories.map((memory, i) => [`block_${i}`, blockState(model, memory)])));
  } finally {
    await checkpoint.close();
  }
}

type Checkpoint = Awaited<ReturnType<typeof openCheckpoint>>;

async function readMemory({config}: Rwkv, checkpoint: Checkpoint, name: string): Promise<tf.Tensor> {
  const {version, numHeads, attentionSize} = config;
  if (version === 4) throw new CheckpointError(`${checkpoint.name}: version 4 has no states that could be tuned`);
  const size = attentionSize / numHeads;
  const found = checkpoint.tensors.get(name)?.shape;
  if (found?.join() !== [numHeads, size, size].join())
    throw new CheckpointError(
      `${checkpoint.name}: tensor "${name}" ${found ? `has shape [${found.join(', ')}]` : 'is missing'}; the model needs [${numHeads}, ${size}, ${size}]`,
    );
  const values = await checkpoint.read(name);
  return tf.tidy(() => tf.keep(tf.tensor(values, [1, numHeads, size, size]).transpose([0, 1, 3, 2])));
}

/** What a block remembers that has seen nothing, but for its memory. */
function blockState({config}: Rwkv, memory: tf.Tensor) {
  const nothing = () => tf.keep(tf.zeros([1, config.hiddenSize]));
  return {mixer: {shift: nothing(), memory}, feedForward: {shift: nothing()}};
}
