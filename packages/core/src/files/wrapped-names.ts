import type {WeightFile} from './weight-file';

/** Modules of PyTorch that hold another one; the underscore keeps models from having parts of these names. */
const reserved = ['_orig_mod.', '_fsdp_wrapped_module.'];

/** Those of DataParallel and Lightning, whose names a model may have parts of. */
const usual = ['module.', 'model.'];

/**
 * A checkpoint under the names that it had without torch.compile (`_orig_mod.`) and FSDP (`_fsdp_wrapped_module.`) around
 * the model. Only what stands before all names is taken off.
 */
export function withoutReservedWrappers<File extends WeightFile>(checkpoint: File): File {
  const inner = withoutPrefix(checkpoint, reserved);
  return inner ? withoutReservedWrappers(inner) : checkpoint;
}

/**
 * The same with one wrapper less, DataParallel's `module.` and Lightning's `model.` among them; null where no wrapper stands
 * before all names. Names of a model may begin so too: only for a checkpoint that nobody knows as it is.
 */
export function withoutWrapper<File extends WeightFile>(checkpoint: File): File | null {
  return withoutPrefix(checkpoint, [...reserved, ...usual]);
}

function withoutPrefix<File extends WeightFile>(checkpoint: File, prefixes: readonly string[]): File | null {
  const names = [...checkpoint.tensors.keys()];
  const prefix = prefixes.find((candidate) => names.every((name) => name.startsWith(candidate)));
  if (prefix === undefined || names.length === 0) return null;
  const {readIntegers} = checkpoint;
  return {
    ...checkpoint,
    tensors: new Map([...checkpoint.tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor])),
    read: (name) => checkpoint.read(prefix + name),
    ...(readIntegers && {readIntegers: (name) => readIntegers.call(checkpoint, prefix + name)}),
  };
}
