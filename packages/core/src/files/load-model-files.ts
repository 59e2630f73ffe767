import * as tf from '@tensorflow/tfjs';
import {CheckpointError} from '../errors';
import {type ByteSource, fileSource, readAll} from './bytes';
import {isJsonObject, parseJson, utf8} from './json';
import {nodeFiles, nodePaths} from './node';
import {firstThree} from './text';

/** The name of a model's description among its files. */
export const modelName = 'model.json';

/** Bytes that a value takes in a weight file, by its dtype or, of a quantized weight, that of the quantization. */
const bytesPerValue: Record<string, number> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/** Bytes read at once, so that a large file is not held twice. */
const partSize = 2 ** 24;

/**
 * Reads a model from its model.json, written by anything that writes tfjs's layout, and the weight files that it names.
 * When another process replaces the model meanwhile, the new one is read.
 * @throws CheckpointError when a file is missing, damaged, or not as long as its weights.
 */
export async function loadModelFiles(path: string): Promise<tf.io.ModelArtifacts> {
  for (;;) {
    const text = await readText(path);
    try {
      return await readModel(text, path);
    } catch (error) {
      if ((await readText(path)) === text) throw error;
    }
  }
}

async function readText(path: string): Promise<string> {
  const {stat} = await nodeFiles(`reading ${path}`);
  const isDirectory = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (isDirectory) throw new CheckpointError(`${path}: is a directory; a model is loaded from the ${modelName} in it`);
  return utf8(await readAll(await fileSource(path)), path);
}

function readModel(text: string, path: string): Promise<tf.io.ModelArtifacts> {
  const model = parseModelJson(text, path);
  return tf.io.getModelArtifactsForJSON(model, (manifest) => readWeights(manifest, path));
}

/** Checks what a model.json holds, as far as files go: the topology is tfjs's own matter. */
export function parseModelJson(text: string, path: string): tf.io.ModelJSON {
  const json = parseJson(text, path);
  if (!isJsonObject(json) || (json.modelTopology == null && json.weightsManifest == null))
    throw new CheckpointError(`${path}: is no model of tfjs, as it has neither "modelTopology" nor "weightsManifest"`);
  const {weightsManifest} = json;
  if (weightsManifest != null && !(Array.isArray(weightsManifest) && weightsManifest.every(isGroup)))
    throw new CheckpointError(`${path}: "weightsManifest" is no list of {paths, weights: [{name, shape, dtype}]}`);
  return json as unknown as tf.io.ModelJSON;
}

function isGroup(group: unknown): boolean {
  if (!isJsonObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights)) return false;
  return group.paths.every((file) => typeof file === 'string') && group.weights.every(isSpec);
}

function isSpec(spec: unknown): boolean {
  if (!isJsonObject(spec) || typeof spec.name !== 'string' || !Array.isArray(spec.shape)) return false;
  const hasDtype = isJsonObject(spec.quantization) ? spec.quantization.dtype : spec.dtype;
  return typeof hasDtype === 'string' && spec.shape.every((size) => Number.isInteger(size) && size >= 0);
}

/** All weights' bytes, one group after the other, as tfjs takes them. */
async function readWeights(
  manifest: tf.io.WeightsManifestConfig,
  path: string,
): Promise<[tf.io.WeightsManifestEntry[], ArrayBuffer]> {
  const {dirname, join} = await nodePaths();
  const groups: ByteSource[][] = [];
  try {
    for (const {paths} of manifest) {
      const files: ByteSource[] = [];
      groups.push(files);
      for (const file of paths) files.push(await fileSource(join(dirname(path), file)));
    }
    const sizes = groups.map((files) => files.reduce((sum, {size}) => sum + size, 0));
    const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
    let start = 0;
    for (const [i, {paths, weights}] of manifest.entries()) {
      const group = bytes.subarray(start, start + sizes[i]);
      await readInto(group, groups[i]);
      requireLength(group, weights, paths, path);
      start += sizes[i];
    }
    return [tf.io.getWeightSpecs(manifest), bytes.buffer];
  } finally {
    for (const file of groups.flat()) await file.close?.();
  }
}

async function readInto(bytes: Uint8Array, files: readonly ByteSource[]): Promise<void> {
  let start = 0;
  for (const file of files) {
    for (let done = 0; done < file.size; done += partSize)
      bytes.set(await file.read(done, Math.min(partSize, file.size - done)), start + done);
    start += file.size;
  }
}

function requireLength(
  bytes: Uint8Array,
  weights: readonly tf.io.WeightsManifestEntry[],
  files: readonly string[],
  path: string,
): void {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let end = 0;
  for (const weight of weights) end = endOfWeight(weight, data, end, path);
  if (end !== data.byteLength)
    throw new CheckpointError(
      `${path}: its weights take ${end} bytes, but ${firstThree(files, ' and ')} holds ${data.byteLength}`,
    );
}

/** Where a weight that begins at byte `start` ends. Each string stands behind its length. */
function endOfWeight(weight: tf.io.WeightsManifestEntry, data: DataView, start: number, path: string): number {
  const {name, shape, quantization, dtype} = weight;
  const count = tf.util.sizeFromShape(shape);
  const stored = quantization?.dtype ?? dtype;
  if (stored in bytesPerValue) return start + count * bytesPerValue[stored];
  if (stored !== 'string')
    throw new CheckpointError(
      `${path}: weight "${name}" is stored as ${stored}; known are string, ${Object.keys(bytesPerValue).join(', ')}`,
    );
  let end = start;
  for (let i = 0; i < count && end <= data.byteLength; i++)
    end += 4 + (end + 4 <= data.byteLength ? data.getUint32(end, true) : 0);
  return end;
}
