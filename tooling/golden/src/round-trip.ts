import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type Checkpoint, type CheckpointModel, openCheckpoint, saveCheckpoint} from '@variants/core';
import type {GoldenCase} from './golden-case';

/**
 * Saves a model that was loaded from a case, loads what was saved, and checks that nothing is lost: all weights are equal
 * to the bit, and the saved files hold the tensors of the case's own files (buffers that the layout ignores aside), with
 * the same names, shapes and, constants aside, values.
 * @param load Loads a directory: the package's `fromPretrained`.
 * @throws Error that names the tensors which differ.
 */
export async function roundTrip<Config>(
  golden: GoldenCase,
  model: CheckpointModel<Config>,
  load: (directory: string) => Promise<CheckpointModel<Config>>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'variants-round-trip-'));
  try {
    await saveCheckpoint(model, directory);
    const differing = [
      ...(await differingFiles(golden.directory, directory, model)),
      ...(await differingWeights(model, await load(directory))),
    ];
    if (differing.length > 0) throw new Error(`after saving and loading: ${differing.join(', ')}`);
  } finally {
    await rm(directory, {recursive: true});
  }
}

async function differingWeights<Config>(
  before: CheckpointModel<Config>,
  after: CheckpointModel<Config>,
): Promise<string[]> {
  const reloaded = new Map(after.weights.map((weight) => [weight.originalName, weight]));
  const lost: string[] = [];
  for (const weight of before.weights) {
    const values = await reloaded.get(weight.originalName)?.read().data();
    if (values === undefined || !sameBits(await weight.read().data(), values)) lost.push(weight.originalName);
  }
  const added = reloaded.size > before.weights.length ? [`${reloaded.size} weights`] : [];
  return [...lost.map((name) => `weight ${name}`), ...added];
}

async function differingFiles<Config>(
  original: string,
  saved: string,
  {layout, config}: CheckpointModel<Config>,
): Promise<string[]> {
  const [theirs, ours] = [await openCheckpoint(original), await openCheckpoint(saved)];
  try {
    const ignored = (name: string) => layout.ignored?.some((pattern) => name.search(pattern) >= 0) ?? false;
    const constants = Object.keys(layout.buffers?.(config) ?? {});
    const names = new Set([...theirs.tensors.keys(), ...ours.tensors.keys()].filter((name) => !ignored(name)));
    const differing: string[] = [];
    for (const name of [...names].sort())
      if (!(await sameTensor(name, theirs, ours, constants.includes(name)))) differing.push(`tensor ${name}`);
    return differing;
  } finally {
    await Promise.all([theirs.close(), ours.close()]);
  }
}

async function sameTensor(name: string, a: Checkpoint, b: Checkpoint, isConstant: boolean): Promise<boolean> {
  const shapes = [a, b].map((checkpoint) => checkpoint.tensors.get(name)?.shape.join());
  if (shapes.includes(undefined) || shapes[0] !== shapes[1]) return false;
  return isConstant || sameBits(await a.read(name), await b.read(name));
}

function sameBits(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i]));
}
