import {fileSource, readAll, replaceFiles} from '@variants/core';

/** Where the state of a training goes: a directory in Node (made if it is missing), or a function that takes the bytes. */
export type StateTarget = string | ((state: Uint8Array) => void | Promise<void>);

/** Where the state of a training comes from: the directory it was saved to, a Blob or File, or its bytes. */
export type TrainingStateSource = string | Blob | Uint8Array;

const fileName = 'training-state.safetensors';

/** Saves a state; in a directory the file takes its place only when it is complete. */
export async function storeState(state: Uint8Array, target: StateTarget): Promise<void> {
  if (typeof target === 'function') return target(state);
  await replaceFiles(target, new Map([[fileName, () => [state]]]), () => false);
}

/**
 * The bytes of a state and what messages call it.
 * @throws CheckpointError when there is no such file.
 */
export async function loadState(source: TrainingStateSource): Promise<{name: string; bytes: Uint8Array}> {
  if (source instanceof Uint8Array) return {name: 'training state', bytes: source};
  if (typeof source === 'string') {
    const file = await fileSource(`${source}/${fileName}`);
    return {name: file.name, bytes: await readAll(file)};
  }
  const name = source instanceof File ? source.name : 'training state';
  return {name, bytes: new Uint8Array(await source.arrayBuffer())};
}
