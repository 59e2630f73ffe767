import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireOptions} from '../arguments';
import {CheckpointError, ConfigError} from '../errors';
import {type Checkpoint, type OpenOptions, openCheckpoint} from '../files/checkpoint';
import {countOf} from '../files/dtypes';
import type {CheckpointSource} from '../files/sources';
import {transposed} from '../files/strided';
import {withInitialization} from '../layers/initializers';
import {checkShapes, tensorToRead} from './check-shapes';
import type {CheckpointLayout, CheckpointModel} from './layout';
import {type PairedWeight, pairWeights} from './pairs';
import {recognize} from './recognize';

/** Options of {@link loadCheckpoint}. */
export interface LoadOptions<Config> extends OpenOptions {
  /** Fields that replace those of the checkpoint's configuration. Default: none. */
  config?: Partial<Config>;
}

/**
 * Makes a model from a checkpoint: the first layout that recognises it reads its configuration, `create` makes the model,
 * and its weights are replaced by the checkpoint's. Where no layout does, what DataParallel, Lightning, torch.compile or FSDP
 * put before all names is taken off.
 *
 * All names, shapes and types are checked before the first value is read ({@link checkShapes}). When anything fails, the
 * model is disposed: nobody ever holds a model that is half loaded. One tensor at a time is read and written, so that
 * loading takes the memory of the model and of its largest tensor (of the whole file too where it comes from a URL).
 */
export async function loadCheckpoint<Config, Model extends CheckpointModel<Config>>(
  source: CheckpointSource,
  layouts: readonly CheckpointLayout<Config>[],
  create: (config: Config) => Model,
  options: LoadOptions<Config> = {},
): Promise<Model> {
  requireLoadOptions(options);
  requireArgument('loadCheckpoint', 'layouts', layouts, Array.isArray(layouts), 'a list of layouts');
  requireArgument('loadCheckpoint', 'create', create, typeof create === 'function', 'a function');
  const checkpoint = await openCheckpoint(source, options);
  try {
    return await loadFromCheckpoint(checkpoint, layouts, create, options.config);
  } finally {
    await checkpoint.close();
  }
}

/** {@link loadCheckpoint} for a checkpoint that is open already, and stays so. `config` replaces fields of its configuration. */
export async function loadFromCheckpoint<Config, Model extends CheckpointModel<Config>>(
  checkpoint: Checkpoint,
  layouts: readonly CheckpointLayout<Config>[],
  create: (config: Config) => Model,
  config: Partial<Config> = {},
): Promise<Model> {
  const {layout, checkpoint: named} = recognize(checkpoint, layouts);
  const complete = {...(await readConfig(layout, named)), ...config};
  // Weights that are read next need no first values.
  const model = withInitialization({allocateOnly: true}, () => create(complete));
  return fill(model, named, layout);
}

/** Throws a ConfigError for options of loading that nobody knows. */
export function requireLoadOptions(options: object): void {
  requireOptions('fromPretrained', options, ['config', 'formats']);
}

/** The configuration; where there is no file of it, an error says so rather than which of its fields is missing. */
async function readConfig<Config>(layout: CheckpointLayout<Config>, checkpoint: Checkpoint): Promise<Config> {
  try {
    return await layout.readConfig(checkpoint);
  } catch (cause) {
    if (checkpoint.config !== null || !(cause instanceof ConfigError)) throw cause;
    throw new CheckpointError(
      `${checkpoint.name}: there is no config.json or params.json beside the weights, which layout ${layout.name} needs (${cause.message})`,
      {cause},
    );
  }
}

async function fill<Config, Model extends CheckpointModel<Config>>(
  model: Model,
  checkpoint: Checkpoint,
  layout: CheckpointLayout<Config>,
): Promise<Model> {
  try {
    model.layout = layout;
    checkShapes(checkpoint, model);
    const pairs = pairWeights(model, checkpoint);
    for (const parts of partsOf(pairs)) await readWeight(parts, pairs, checkpoint);
    return model;
  } catch (error) {
    if (model.dispose) model.dispose();
    else for (const variable of model.weights) variable.dispose();
    throw error;
  }
}

/** What is to be read for each weight: one pair, or those of all its parts in their order. Second names are left out. */
function partsOf(pairs: readonly PairedWeight[]): Iterable<PairedWeight[]> {
  const byWeight = new Map<string, PairedWeight[]>();
  for (const pair of pairs) {
    const {ours, alias} = pair.mapping;
    if (!alias) byWeight.set(ours, [...(byWeight.get(ours) ?? []), pair]);
  }
  return byWeight.values();
}

async function readWeight(
  parts: readonly PairedWeight[],
  pairs: readonly PairedWeight[],
  checkpoint: Checkpoint,
): Promise<void> {
  const found = parts.map((part) => tensorToRead(part, pairs, checkpoint) ?? part);
  const read: Float32Array[] = [];
  for (const pair of found) read.push(inOurOrder(ownRows(await checkpoint.read(pair.mapping.theirs), pair), pair));
  const [{mapping, variable}] = found;
  const values = read.length === 1 ? read[0] : joined(read);
  const [inputs, outputs] = variable.shape as number[];
  const ours = mapping.transpose ? transposed(values, outputs, inputs) : values;
  const own = mapping.reciprocal ? ours.map((value) => 1 / value) : ours;
  tf.tidy(() => {
    variable.write(tf.tensor(own, variable.shape as number[], 'float32'));
  });
}

/** Values one after the other. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((size, {length}) => size + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** A weight's own values of those of the tensor that it stands in. */
function ownRows(values: Float32Array, {mapping, ownShape}: PairedWeight): Float32Array {
  if (!mapping.rows) return values;
  const start = mapping.rows.start * countOf(ownShape.slice(1));
  // A copy, or the whole tensor would stay in memory for as long as the weight.
  return values.slice(start, start + countOf(ownShape));
}

function inOurOrder(values: Float32Array, {mapping: {order}, ownShape}: PairedWeight): Float32Array {
  if (!order) return values;
  const width = countOf(ownShape.slice(1));
  const ours = new Float32Array(values.length);
  for (const [theirs, our] of order.entries())
    ours.set(values.subarray(theirs * width, (theirs + 1) * width), our * width);
  return ours;
}
