import {type Checkpoint, openCheckpoint} from '../files/checkpoint';
import type {CheckpointSource} from '../files/sources';
import type {CheckpointLayout, CheckpointModel} from './layout';
import {type LoadOptions, loadFromCheckpoint, requireLoadOptions} from './load';
import {recognize} from './recognize';

/** A kind of model that a checkpoint may hold: its layouts, and what makes one of a configuration. */
export type CheckpointKind<Config> = readonly [
  layouts: readonly CheckpointLayout<Config>[],
  create: (config: Config) => CheckpointModel<Config>,
];

/**
 * Makes a model of one of several kinds from a checkpoint, as `loadCheckpoint` does: the first layout that recognises it,
 * in the order of the kinds, decides which it is. TypeScript takes it for the `Model` that the caller asks for.
 * @param source What a checkpoint is opened from, or an open checkpoint, which stays open.
 * @param kinds Pairs of layouts and a factory.
 * @throws CheckpointError when no layout recognises it, or a tensor is missing, superfluous or of a wrong shape; nothing is
 *   left half-loaded.
 */
export async function loadAnyOf<Model, Configs extends object[]>(
  source: CheckpointSource | Checkpoint,
  kinds: readonly [...{[i in keyof Configs]: CheckpointKind<Configs[i]>}],
  options: LoadOptions<object> = {},
): Promise<Model> {
  requireLoadOptions(options);
  if (!isOpen(source)) {
    const checkpoint = await openCheckpoint(source, options);
    try {
      return await loadAnyOf<Model, Configs>(checkpoint, kinds, options);
    } finally {
      await checkpoint.close();
    }
  }
  const candidates = kinds as readonly CheckpointKind<object>[];
  const {layout} = recognize(
    source,
    candidates.flatMap(([layouts]) => layouts),
  );
  const [, create] = candidates.find(([layouts]) => layouts.includes(layout)) as CheckpointKind<object>;
  return (await loadFromCheckpoint(source, [layout], create, options.config)) as Model;
}

/** A package's `fromPretrained` where checkpoints may hold several kinds of models. */
export interface FromPretrained<Usual, Other, Options> {
  (source: CheckpointSource, options?: Options): Promise<Usual>;
  /** The same for a checkpoint that is known to hold another kind of model. */
  <Model extends Other>(source: CheckpointSource, options?: Options): Promise<Model>;
}

/**
 * The function that makes a model of one of several kinds from a checkpoint, by {@link loadAnyOf}.
 * @param kinds Pairs of layouts and a factory; the first layout that recognises a checkpoint decides.
 */
export function fromAnyOf<Usual, Other, Options extends object, Configs extends object[]>(
  kinds: readonly [...{[i in keyof Configs]: CheckpointKind<Configs[i]>}],
): FromPretrained<Usual, Other, Options> {
  return <Model>(source: CheckpointSource, options: Options = {} as Options) =>
    loadAnyOf<Model, Configs>(source, kinds, options as LoadOptions<object>);
}

function isOpen(source: CheckpointSource | Checkpoint): source is Checkpoint {
  return typeof source === 'object' && source !== null && 'tensors' in source && 'read' in source;
}
