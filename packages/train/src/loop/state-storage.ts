import {
  CheckpointError,
  fileSource,
  openFiles,
  readAll,
  replaceFiles,
  saveCheckpoint,
  type VariantModel,
} from '@variants/core';

/**
 * Where a training is saved: a directory in Node (made if it is missing), which then is a checkpoint of the model too, or a
 * function that takes the bytes of its state.
 */
export type StateTarget = string | ((state: Uint8Array) => void | Promise<void>);

/** Where the state of a training comes from: the directory it was saved to, a Blob or File, or its bytes. */
export type TrainingStateSource = string | Blob | Uint8Array;

const fileName = 'training-state.safetensors';
const probeName = 'write-test';

/**
 * Throws where a target cannot be written to.
 * @throws CheckpointError, also where a model stands there that no training saved: it would be lost.
 */
export async function testTarget(target: StateTarget): Promise<void> {
  if (typeof target === 'function') return;
  await replaceFiles(target, new Map([[probeName, () => []]]), () => false);
  await replaceFiles(target, new Map(), (name) => name === probeName);
  const {names} = await openFiles(target);
  if (names.includes('config.json') && !names.includes(fileName))
    throw new CheckpointError(`${target}: holds a model that no training saved; give saveTo another directory`);
}

/**
 * Saves a run. In a directory its state and its model, as a checkpoint, each take their place only when they are complete.
 * The state holds all of the run, so it does not matter where the model is of another step.
 */
export async function storeRun(model: VariantModel, state: Uint8Array, target: StateTarget): Promise<void> {
  if (typeof target === 'function') return target(state);
  await replaceFiles(target, new Map([[fileName, () => [state]]]), () => false);
  await saveCheckpoint(model, target);
}

/**
 * The bytes of a state and what messages call it; undefined without a source.
 * @param mayBeMissing Whether a directory may be without one.
 * @throws CheckpointError when there is no such file.
 */
export async function savedState(
  source: TrainingStateSource | null,
  mayBeMissing: boolean,
): Promise<{name: string; bytes: Uint8Array} | undefined> {
  if (source === null) return undefined;
  if (source instanceof Uint8Array) return {name: 'training state', bytes: source};
  if (typeof source === 'string') {
    if (mayBeMissing && !(await openFiles(source)).names.includes(fileName)) return undefined;
    const file = await fileSource(source.endsWith('.safetensors') ? source : `${source}/${fileName}`);
    return {name: file.name, bytes: await readAll(file)};
  }
  const name = source instanceof File ? source.name : 'training state';
  return {name, bytes: new Uint8Array(await source.arrayBuffer())};
}
