import {CheckpointError} from '../errors';
import type {ByteSource} from './bytes';
import {bytesPerValue, countOf, toFloat32, toInt32} from './dtypes';
import {type PickleDict, type PickleValue, TensorReference} from './pickle-values';
import {type PlainTree, plainTree} from './plain-tree';
import {gather, isContiguous} from './strided';
import {lastPlace} from './torch-globals';
import {unpickle} from './torch-pickle';
import type {CheckpointFormat, StoredTensor, WeightFile} from './weight-file';
import {dataOffsetOf, readZip, type ZipEntry} from './zip';

/** The files of torch.save: a zip of stored entries, one of them a pickle. */
export const torchFormat: CheckpointFormat = {
  name: 'torch',
  recognizes: (head) => head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4, // 'PK', 3, 4
  open: openTorchFile,
};

// Far more than the pickle of any model; it keeps a wrong file from filling the memory.
const largestPickle = 256 * 2 ** 20;

/** Where training scripts put the state_dict within what they save. */
const containers = ['model', 'state_dict', 'model_state_dict', 'module', 'weights'];

/**
 * Opens a file that torch.save wrote (.pt, .pth, pytorch_model.bin), reading its directory and its pickle alone.
 *
 * The tensors are those of the dict that was saved, or of the first of its items model, state_dict, model_state_dict,
 * module, weights that holds some. Everything else that was saved is in `extra`. Nothing in the file is ever executed; what
 * is no plain data or tensor is a CheckpointError.
 */
export async function openTorchFile(bytes: ByteSource): Promise<WeightFile> {
  const file = bytes.name;
  const entries = await readZip(bytes);
  const root = rootOf(entries, file);
  const readEntry = async (entry: ZipEntry) => bytes.read(await dataOffsetOf(bytes, entry), entry.size);
  await assertLittleEndian(entries.get(`${root}byteorder`), readEntry, file);
  const pickle = entries.get(`${root}data.pkl`) as ZipEntry;
  const where = `${file}: ${pickle.name}`;
  if (pickle.size > largestPickle)
    throw new CheckpointError(`${where}: has ${pickle.size} bytes, at most ${largestPickle} are read`);
  const {references, extra} = splitSaved(unpickle(await readEntry(pickle), where), where);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, {storage, shape}] of references) {
    assertStorageFits(entries.get(`${root}data/${storage.key}`), storage, `${file}: tensor "${name}"`);
    tensors.set(name, {dtype: storage.dtype, shape});
  }
  const valuesOf = async <Values extends Float32Array | Int32Array>(
    name: string,
    convert: Convert<Values>,
  ): Promise<Values> => {
    const reference = references.get(name);
    if (!reference) throw new CheckpointError(`${file}: has no tensor "${name}"`);
    const entry = entries.get(`${root}data/${reference.storage.key}`) as ZipEntry;
    return readTensor(bytes, reference, await dataOffsetOf(bytes, entry), convert, `${file}: tensor "${name}"`);
  };
  return {
    tensors,
    extra,
    read: (name) => valuesOf(name, toFloat32),
    readIntegers: (name) => valuesOf(name, toInt32),
    close: async () => bytes.close?.(),
  };
}

function rootOf(entries: ReadonlyMap<string, ZipEntry>, file: string): string {
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length === 1) return pickles[0].slice(0, -'data.pkl'.length);
  throw new CheckpointError(
    `${file}: a zip with ${pickles.length} entries <name>/data.pkl; torch.save writes exactly one`,
  );
}

async function assertLittleEndian(
  entry: ZipEntry | undefined,
  readEntry: (entry: ZipEntry) => Promise<Uint8Array>,
  file: string,
): Promise<void> {
  if (!entry) return;
  const order = entry.size === 6 ? new TextDecoder().decode(await readEntry(entry)) : `${entry.size} bytes`;
  if (order !== 'little') throw new CheckpointError(`${file}: ${entry.name} is ${order}, only little can be read`);
}

function assertStorageFits(
  entry: ZipEntry | undefined,
  {key, size, dtype}: TensorReference['storage'],
  where: string,
): void {
  if (!entry) throw new CheckpointError(`${where}: its storage "${key}" is missing in the file`);
  const bytes = size * bytesPerValue[dtype];
  if (entry.size !== bytes)
    throw new CheckpointError(
      `${where}: its storage "${key}" has ${entry.size} bytes, but ${size} values of ${dtype} take ${bytes}`,
    );
}

function holdsTensors(value: PickleValue | undefined): value is PickleDict {
  return value instanceof Map && [...value.values()].some((item) => item instanceof TensorReference);
}

/** Tells the tensors of the state_dict from the rest of what was saved. */
function splitSaved(saved: PickleValue, where: string): {references: Map<string, TensorReference>; extra?: PlainTree} {
  const container = saved instanceof Map ? containers.find((key) => holdsTensors(saved.get(key))) : undefined;
  const stateDict = container ? (saved as PickleDict).get(container) : saved;
  if (!holdsTensors(stateDict)) {
    const found =
      saved instanceof Map ? `a dict of ${[...saved.keys()].slice(0, 5).map(String).join(', ')}` : 'no dict';
    throw new CheckpointError(
      `${where}: holds ${found}; expected a dict of tensors or one under ${containers.join(', ')}`,
    );
  }
  const references = new Map<string, TensorReference>();
  for (const [key, item] of stateDict) {
    if (!(item instanceof TensorReference)) continue;
    const name = String(key);
    if (references.has(name)) throw new CheckpointError(`${where}: tensor "${name}" stands there twice`);
    references.set(name, item);
  }
  const rest = [...(saved as PickleDict)].filter(
    ([key, item]) => key !== container && !(item instanceof TensorReference),
  );
  return {references, ...(rest.length > 0 && {extra: plainTree(new Map(rest), where)})};
}

type Convert<Values> = (dtype: StoredTensor['dtype'], bytes: Uint8Array, where: string) => Values;

async function readTensor<Values extends Float32Array | Int32Array>(
  bytes: ByteSource,
  reference: TensorReference,
  storageOffset: number,
  convert: Convert<Values>,
  where: string,
): Promise<Values> {
  const {storage, offset, shape, strides} = reference;
  const size = bytesPerValue[storage.dtype];
  // Only the stretch of the storage that the tensor lies in is read.
  const stretch = countOf(shape) === 0 ? 0 : lastPlace(reference) + 1 - offset;
  const values = convert(storage.dtype, await bytes.read(storageOffset + offset * size, stretch * size), where);
  return isContiguous(shape, strides) ? values : gather(values, shape, strides);
}
