import * as tf from '@tensorflow/tfjs';
import {CheckpointError, readSafetensors, type VariantModel, writeSafetensors} from '@variants/core';
import {assertSameRun, describeRun, readDescription, type TrainingPosition, type TrainingRun} from './run-description';

const metadataEntry = 'training';

/** Everything that a run needs to go on as if it had not stopped, as the bytes of a safetensors file. */
export async function encodeTrainingState(run: TrainingRun, position: TrainingPosition): Promise<Uint8Array> {
  const {model, optimizer} = run;
  const [, ...moments] = await optimizer.getWeights();
  const tensors = [
    ...model.weights.map((weight) => [nameOf('weights', weight), weight.read()] as const),
    ...model.trainableWeights.flatMap((weight, i) => [
      [nameOf('first', weight), moments[2 * i].tensor] as const,
      [nameOf('second', weight), moments[2 * i + 1].tensor] as const,
    ]),
  ];
  const stored = tensors.map(async ([name, tensor]) => {
    return [name, {shape: tensor.shape, data: await tensor.data<'float32'>()}] as const;
  });
  const description = JSON.stringify({...position, ...describeRun(run)});
  return writeSafetensors(Object.fromEntries(await Promise.all(stored)), {[metadataEntry]: description});
}

/** What a tensor of a file is of a weight: its value, or one of its moments. */
type Kind = 'weights' | 'first' | 'second';

function nameOf(kind: Kind, {originalName}: tf.LayerVariable): string {
  return `${kind}/${originalName}`;
}

/**
 * Puts a run back to where it was saved.
 * @param name What messages call the bytes.
 * @throws CheckpointError when they are damaged, or of a run with other batches, moments or another model; nothing is changed then.
 */
export async function restoreTrainingState(
  bytes: Uint8Array,
  name: string,
  run: TrainingRun,
): Promise<TrainingPosition> {
  const {tensors, metadata} = readSafetensors(bytes, name);
  const {step, seconds, ...saved} = readDescription(metadata[metadataEntry], name);
  assertSameRun(saved, describeRun(run), name);
  const {model, optimizer} = run;
  assertComplete(tensors, model, name);
  const tensorOf = (kind: Kind, weight: tf.LayerVariable) => {
    const {data, shape} = tensors[nameOf(kind, weight)];
    return tf.tensor(data, [...shape], 'float32');
  };
  tf.tidy(() => {
    for (const weight of model.weights) weight.write(tensorOf('weights', weight));
  });
  const iterations = {name: 'iterations', tensor: tf.scalar(step, 'int32')};
  const moments = model.trainableWeights.flatMap((weight) => [
    {name: weight.originalName, tensor: tensorOf('first', weight)},
    {name: weight.originalName, tensor: tensorOf('second', weight)},
  ]);
  await optimizer.setWeights([iterations, ...moments]);
  tf.dispose([iterations, ...moments].map(({tensor}) => tensor));
  return {step, seconds};
}

function assertComplete(
  stored: ReturnType<typeof readSafetensors>['tensors'],
  model: VariantModel,
  file: string,
): void {
  const shapes = (kind: Kind, weights: tf.LayerVariable[]) =>
    weights.map((weight) => [nameOf(kind, weight), weight.shape.join(', ')] as const);
  const wanted = new Map([
    ...shapes('weights', model.weights),
    ...shapes('first', model.trainableWeights),
    ...shapes('second', model.trainableWeights),
  ]);
  for (const [name, shape] of wanted) {
    const tensor = Object.hasOwn(stored, name) ? stored[name] : undefined;
    const found = tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'missing';
    if (found !== `F32 [${shape}]`)
      throw new CheckpointError(`${file}: tensor "${name}" is ${found}; it must be F32 [${shape}]`);
  }
  const superfluous = Object.keys(stored).find((name) => !wanted.has(name));
  if (superfluous) throw new CheckpointError(`${file}: tensor "${superfluous}" belongs to no weight of the model`);
}
