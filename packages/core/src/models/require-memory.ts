import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireOptions} from '../arguments';
import {EngineError} from '../errors';

/** One WebAssembly memory. */
const simdBytes = 2 ** 32;

const valueBytes = 4;

/** What training keeps of each weight beside its value: a gradient and AdamW's two moments. */
const trainingValues = 3;

const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Whether the engine in use can tell that so many bytes more than those of all tensors are too many. */
const isTooMuch = (bytes: number, inUse: number) =>
  tf.getBackend() === 'simd' && (bytes >= simdBytes || bytes + inUse > simdBytes);

const besides = (inUse: number) => (inUse > 0 ? `, of which other tensors take ${gibibytes(inUse)}` : '');

/** Options of {@link memoryNeeded}. */
export interface MemoryNeededOptions {
  /** Counts the gradients and the two moments of AdamW of all weights that are trained. Default false. */
  training?: boolean;
}

/**
 * Bytes that a model's weights take, and with `training` what training keeps of them: four times as much where all are
 * trained. Activations come on top: they grow with the batch and the length of sequences.
 * @param model A model, or the number of its parameters.
 */
export function memoryNeeded(model: tf.LayersModel | number, options: MemoryNeededOptions = {}): number {
  const isCount = typeof model === 'number' && Number.isSafeInteger(model) && model >= 0;
  const hasWeights = Array.isArray((model as Partial<tf.LayersModel> | null | undefined)?.weights);
  requireArgument('memoryNeeded', 'the model', model, isCount || hasWeights, 'a model, or how many parameters it has');
  requireOptions('memoryNeeded', options, ['training']);
  const {training = false} = options;
  const [all, trained] =
    typeof model === 'number' ? [model, model] : [sizeOf(model.weights), sizeOf(model.trainableWeights)];
  return valueBytes * (all + (training ? trainingValues * trained : 0));
}

const sizeOf = (weights: tf.LayerVariable[]) =>
  weights.reduce((sum, {shape}) => sum + tf.util.sizeFromShape(shape as number[]), 0);

/**
 * Refuses a model whose weights the engine `simd` cannot hold, before any of them has values.
 * @param architecture Its name, for the message.
 * @param parameters All weights counted once.
 * @param inUse Bytes of all other tensors. Default: of those that there are.
 * @throws EngineError that says what fits and why.
 */
export function requireMemory(architecture: string, parameters: number, inUse = tf.memory().numBytes): void {
  const bytes = memoryNeeded(parameters);
  if (!isTooMuch(bytes, inUse)) return;
  const fitting = Math.floor(Math.max(0, simdBytes - inUse) / valueBytes).toLocaleString('en');
  throw new EngineError(
    `${architecture}: ${parameters.toLocaleString('en')} weights of 4 bytes take ${gibibytes(bytes)}, but the engine simd has one WebAssembly memory of ${gibibytes(simdBytes)}${besides(inUse)}, which must hold activations too; a model of fewer than ${fitting} weights may fit`,
  );
}

/**
 * Refuses to train a model whose gradients and moments do not fit beside all tensors that there are on the engine `simd`.
 * @throws EngineError that says how much is needed.
 */
export function requireTrainingMemory(model: tf.LayersModel): void {
  const needed = memoryNeeded(model, {training: true});
  const own = memoryNeeded(model);
  const inUse = tf.memory().numBytes;
  if (!isTooMuch(needed - own, inUse)) return;
  throw new EngineError(
    `train: ${model.name} takes ${gibibytes(needed)} for its weights, their gradients and AdamW's two moments of each, and activations come on top, but the engine simd has one WebAssembly memory of ${gibibytes(simdBytes)}${besides(Math.max(0, inUse - own))}; train a smaller model, or fewer of its layers`,
  );
}
