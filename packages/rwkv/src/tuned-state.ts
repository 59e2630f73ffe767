import * as tf from '@tensorflow/tfjs';
import {CheckpointError, type CheckpointSource, openCheckpoint, type StateTree, StreamState} from '@variants/core';
import {RwkvBlock} from './block';
import type {Rwkv} from './model';

/**
 * The beginning of a stream from a file of state tuning (.pth or safetensors): tensors `blocks.<i>.att.time_state` [heads, N values,
 * N keys], and none but those count. For `stream` and `generate`, which must feed it one token at least; versions 5 to 7.
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
    const none = {name: model.name, time: 0, origin: model.stateOrigin};
    return StreamState.advance(null, none, () => ({output: null, state: treeOf(model, memories)})).state;
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

/** What each block remembers that was fed nothing, but for its memory. Runs inside a `tf.tidy` of the caller. */
function treeOf(model: Rwkv, memories: readonly tf.Tensor[]): StateTree {
  const blocks = model.layers.filter((layer) => layer instanceof RwkvBlock);
  const states = blocks.map((block, i) => {
    const {mixer, feedForward} = block.initialState();
    return [block.name, {mixer: {...mixer, memory: memories[i]}, feedForward}];
  });
  return Object.fromEntries(states);
}
