import * as tf from '@tensorflow/tfjs';
import {CheckpointError} from '../errors';
import {modelName, parseModelJson} from './load-model-files';
import {nodeFiles, nodePaths} from './node';
import {writeChunks} from './replace-files';
import {reasonOf} from './text';

const weightsName = 'weights.bin';
const writtenWeights = /^weights(-[0-9a-f]{8})?\.bin$/;
const unfinished = /^(model\.json|weights\.bin)\.[0-9a-f]{8}\.partial$/;

/** A file that nobody has written to for this long (ms) was left behind by a process that was ended. */
const leftBehindAfter = 3_600_000;

/**
 * Saves a model into a directory (made if it is missing) as tfjs-node does: model.json, and the weights in weights.bin.
 *
 * A model that is there already stays whole until the new one is: the new weights get a name that no file had before
 * (weights-1f0c9a3e.bin), and the switch is the renaming of one file, the model.json that names them. Then the old
 * weights go. Since names do not come again, saves of several processes do not mix either: the last one stays.
 * Saves of one process into one directory take turns.
 * @throws CheckpointError when the directory or a file cannot be written.
 */
export async function saveModelFiles(directory: string, artifacts: tf.io.ModelArtifacts): Promise<tf.io.SaveResult> {
  if (artifacts.modelTopology instanceof ArrayBuffer)
    throw new CheckpointError(`${directory}: a model with a binary topology cannot be saved in ${modelName}`);
  await inTurn(directory, () => replaceModel(directory, artifacts));
  return {modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts)};
}

/** The last save into each directory that was begun and may not be done. */
const lastSaves = new Map<string, Promise<void>>();

function inTurn(directory: string, save: () => Promise<void>): Promise<void> {
  const turn = (lastSaves.get(directory) ?? Promise.resolve()).then(save, save);
  lastSaves.set(directory, turn);
  const forget = () => {
    if (lastSaves.get(directory) === turn) lastSaves.delete(directory);
  };
  turn.then(forget, forget);
  return turn;
}

async function replaceModel(
  directory: string,
  {weightSpecs, weightData, getWeightStream, ...description}: tf.io.ModelArtifacts,
): Promise<void> {
  const {mkdir, rename, rm} = await nodeFiles(`saving a model to ${directory}`);
  const {join} = await nodePaths();
  const id = crypto.randomUUID().slice(0, 8);
  const partial = (name: string) => join(directory, `${name}.${id}.partial`);
  const made = [partial(weightsName), partial(modelName)];
  let replaced: string[] | undefined;
  try {
    await mkdir(directory, {recursive: true});
    await writeChunks(partial(weightsName), weightChunks({weightData, getWeightStream}));
    replaced = await namedWeights(join(directory, modelName));
    const name = await nameForWeights(directory, id, replaced === undefined);
    made.push(join(directory, name));
    await rename(partial(weightsName), join(directory, name));
    const weightsManifest = [{paths: [name], weights: weightSpecs ?? []}];
    const json = JSON.stringify({...description, weightsManifest});
    await writeChunks(partial(modelName), [new TextEncoder().encode(json)]);
    await rename(partial(modelName), join(directory, modelName));
  } catch (error) {
    for (const path of made) await rm(path, {force: true}).catch(() => undefined);
    throw new CheckpointError(`${directory}: cannot be written (${reasonOf(error)})`, {cause: error});
  }
  await clear(directory, replaced ?? []);
}

async function* weightChunks({
  weightData = [],
  getWeightStream,
}: Pick<tf.io.ModelArtifacts, 'weightData' | 'getWeightStream'>): AsyncGenerator<Uint8Array> {
  for (const buffer of [weightData].flat()) yield new Uint8Array(buffer);
  // What tfjs loaded with `streamWeights` it does not keep.
  const reader = getWeightStream?.().getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    yield new Uint8Array(part.value);
}

/** The files of weights that a model.json names; undefined without one. What is damaged names none. */
async function namedWeights(path: string): Promise<string[] | undefined> {
  const {readFile} = await nodeFiles(`reading ${path}`);
  const text = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return (parseModelJson(text, path).weightsManifest ?? []).flatMap(({paths}) => paths);
  } catch {
    return [];
  }
}

/** Takes weights.bin for the first model of a directory, unless that is there: of another process, or not of a model. */
async function nameForWeights(directory: string, id: string, isFirst: boolean): Promise<string> {
  const {open} = await nodeFiles(`saving a model to ${directory}`);
  const {join} = await nodePaths();
  if (!isFirst) return `weights-${id}.bin`;
  try {
    const handle = await open(join(directory, weightsName), 'wx');
    await handle.close();
    return weightsName;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return `weights-${id}.bin`;
    throw error;
  }
}

/**
 * Removes the weights of the model that was replaced, and what ended processes left half written. Only files that are
 * named as here or by tfjs-node. That the model is saved stays true when one of them cannot be removed.
 */
async function clear(directory: string, replaced: readonly string[]): Promise<void> {
  const {readdir, rm, stat} = await nodeFiles(`saving a model to ${directory}`);
  const {join} = await nodePaths();
  const remove = (name: string) => rm(join(directory, name), {force: true}).catch(() => undefined);
  for (const name of replaced) if (writtenWeights.test(name)) await remove(name);
  for (const name of await readdir(directory).catch(() => [])) {
    if (!unfinished.test(name)) continue;
    const written = await stat(join(directory, name)).catch(() => undefined);
    if (written && Date.now() - written.mtimeMs > leftBehindAfter) await remove(name);
  }
}
