import {countOf, isShape, type StoredDtype} from './dtypes';
import {Global, type PickleValue, StorageReference, TensorReference} from './pickle-values';
import {shapeText} from './text';

/** Ends the reading of a pickle with an error at the current byte. */
export type Fail = (problem: string) => never;

const storageDtypes: Readonly<Record<string, StoredDtype>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

type Builder = (args: PickleValue[], fail: Fail) => PickleValue;

// The only functions whose calls are carried out, each by code of our own.
const builders = new Map<string, Builder>([
  ['collections.OrderedDict', buildOrderedDict],
  ['torch._utils._rebuild_tensor_v2', buildTensor],
  ['torch._utils._rebuild_parameter', buildParameter],
]);

function storageDtype({module, name}: Global): StoredDtype | undefined {
  return module === 'torch' && Object.hasOwn(storageDtypes, name) ? storageDtypes[name] : undefined;
}

/** The global of that name, if it is one of the few that a file of tensors needs. */
export function knownGlobal(module: string, name: string, fail: Fail): Global {
  const global = new Global(module, name);
  if (builders.has(global.fullName) || storageDtype(global)) return global;
  const known = [...builders.keys(), ...Object.keys(storageDtypes).map((storage) => `torch.${storage}`)];
  return fail(`the global ${global.fullName} is refused; a file of tensors needs only ${known.join(', ')}`);
}

/** What calling `callable` with `args` gives. */
export function call(callable: PickleValue, args: PickleValue, fail: Fail): PickleValue {
  const build = callable instanceof Global ? builders.get(callable.fullName) : undefined;
  if (!build) return fail(`a call of ${describe(callable)} is refused`);
  if (!Array.isArray(args)) return fail(`the arguments of a call are ${describe(args)}, not a tuple`);
  return build(args, fail);
}

/** The storage that a persistent id ('storage', type, key, device, size) stands for. */
export function storageOf(id: PickleValue, fail: Fail): StorageReference {
  if (!Array.isArray(id) || id[0] !== 'storage')
    return fail(`a persistent id is ${describe(id)}, not a storage's tuple`);
  const [, type, key, , size] = id;
  const dtype = type instanceof Global ? storageDtype(type) : undefined;
  if (!dtype || typeof key !== 'string' || !isShape([size]))
    return fail(`a storage of type ${describe(type)}, key ${describe(key)} and size ${describe(size)} is impossible`);
  return new StorageReference(dtype, key, size as number);
}

function buildOrderedDict(args: PickleValue[], fail: Fail): PickleValue {
  return args.length === 0 ? new Map() : fail('an OrderedDict is built from arguments instead of items');
}

function buildParameter(args: PickleValue[], fail: Fail): PickleValue {
  return args[0] instanceof TensorReference
    ? args[0]
    : fail(`a parameter is built from ${describe(args[0])}, not a tensor`);
}

// torch's own limit.
const largestRank = 64;

function buildTensor([storage, offset, shape, strides]: PickleValue[], fail: Fail): PickleValue {
  if (!(storage instanceof StorageReference)) return fail(`a tensor is built from ${describe(storage)}, not a storage`);
  if (
    !isShape([offset]) ||
    !isShape(shape) ||
    !isShape(strides) ||
    shape.length !== strides.length ||
    shape.length > largestRank
  )
    return fail(
      `a tensor of offset ${describe(offset)}, shape ${describe(shape)} and strides ${describe(strides)} is impossible`,
    );
  const tensor = new TensorReference(storage, offset as number, [...shape], [...strides]);
  const count = countOf(shape);
  const end = count === 0 ? tensor.offset : lastPlace(tensor) + 1;
  // The second bound keeps strides of 0 from making a huge tensor of a small file.
  if (end > storage.size || count > storage.size)
    return fail(
      `a tensor of shape ${shapeText(shape)}, strides ${shapeText(strides)} and offset ${offset} needs ${Math.max(end, count)} values, its storage "${storage.key}" has ${storage.size}`,
    );
  return tensor;
}

/** The place in its storage of the last value of a tensor that is not empty. */
export function lastPlace({offset, shape, strides}: TensorReference): number {
  return shape.reduce((place, size, axis) => place + (size - 1) * strides[axis], offset);
}

function describe(value: PickleValue | undefined): string {
  if (value instanceof Global) return value.fullName;
  if (value instanceof Map) return 'a dict';
  if (value instanceof StorageReference) return 'a storage';
  if (value instanceof TensorReference) return 'a tensor';
  if (Array.isArray(value)) return isShape(value) && value.length <= 8 ? shapeText(value) : `a list of ${value.length}`;
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
}
