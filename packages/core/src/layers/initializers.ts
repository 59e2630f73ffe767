import * as tf from '@tensorflow/tfjs';
import {Random, requireSeed} from '../random';

/** How the first values of a weight are drawn. `random` is the weight's own generator. */
export type Initializer = (shape: number[], random: Random) => Float32Array;

const sizeOf = (shape: number[]) => shape.reduce((size, n) => size * n, 1);
const fill = (shape: number[], value: () => number) => Float32Array.from({length: sizeOf(shape)}, value);

/** All values 0. */
export const zeros: Initializer = (shape) => new Float32Array(sizeOf(shape));
/** All values 1. */
export const ones: Initializer = (shape) => new Float32Array(sizeOf(shape)).fill(1);

/** Normal distribution with mean 0. */
export const normal =
  (standardDeviation: number): Initializer =>
  (shape, random) =>
    fill(shape, () => standardDeviation * random.normal());

/** Uniform between -limit and limit. */
export const uniform =
  (limit: number): Initializer =>
  (shape, random) =>
    fill(shape, () => limit * (2 * random.uniform() - 1));

/** Glorot and Bengio's uniform distribution for a matrix [in, out], limit = gain sqrt(6 / (in + out)). */
export const xavierUniform =
  (gain = 1): Initializer =>
  (shape, random) =>
    uniform(gain * Math.sqrt(6 / (shape[0] + shape[shape.length - 1])))(shape, random);

/** The uniform distribution PyTorch gives to a Linear's matrix [in, out], limit = 1 / sqrt(in). */
export const linearUniform: Initializer = (shape, random) => uniform(1 / Math.sqrt(shape[0]))(shape, random);

type TfInitializer = ReturnType<typeof tf.initializers.zeros>;

/** The weights that a model makes, and how their first values come, which they get when all are there. */
export interface MadeWeights {
  readonly weights: tf.LayerVariable[];
  readonly draws: (() => void)[];
}

interface Context {
  seed: number;
  allocateOnly: boolean;
  made: MadeWeights | null;
}

let context: Context = {seed: 0, allocateOnly: false, made: null};

function within<T>(changes: Partial<Context>, build: () => T): T {
  const outer = context;
  context = {...outer, ...changes};
  try {
    return build();
  } finally {
    context = outer;
  }
}

/**
 * Builds layers whose weights are drawn from `seed`: each weight from a stream of its own, named like the weight, so
 * that its value depends on nothing that was built before. With `allocateOnly` weights have no values yet, for a model
 * whose weights are read from a file next.
 * @throws ConfigError where `seed` is no whole number from 0 to 2^53 - 1.
 */
export function withInitialization<T>(settings: {seed?: number; allocateOnly?: boolean}, build: () => T): T {
  if (settings.seed !== undefined) requireSeed('withInitialization', settings.seed);
  return within(settings, build);
}

/** {@link withInitialization} that puts weights into `made`; they have no values until they are drawn. */
export function makingWeights<T>(made: MadeWeights, seed: number, build: () => T): T {
  return within({seed, made}, build);
}

/** The seed of the innermost {@link withInitialization}, else 0. */
export function initializationSeed(): number {
  return context.seed;
}

/** An initializer in the form that tfjs calls. */
export function initialValues(initializer: Initializer, weightName: string): TfInitializer {
  const {seed, allocateOnly, made} = context;
  return {
    apply: (shape: number[]) =>
      allocateOnly || made ? withoutValues(shape) : drawn(initializer, shape, seed, weightName),
  } as TfInitializer;
}

const drawn = (initializer: Initializer, shape: number[], seed: number, name: string) =>
  tf.tensor(initializer(shape, new Random(seed, name)), shape);

/** Tells the model that is being made of a weight whose initializer was {@link initialValues}. */
export function noteWeight(variable: tf.LayerVariable, initializer: Initializer, name: string): void {
  const {seed, allocateOnly, made} = context;
  if (!made) return;
  made.weights.push(variable);
  if (allocateOnly) return;
  made.draws.push(() =>
    tf.tidy(() => {
      variable.write(drawn(initializer, variable.shape as number[], seed, name));
    }),
  );
}

/** Zeros that will be replaced before anything reads them, as a rule: the engine gives them no memory until something does. */
function withoutValues(shape: number[]): tf.Tensor {
  if (tf.getBackend() !== 'simd') return tf.zeros(shape);
  const dataId = tf.backend().write(null as unknown as tf.backend_util.BackendValues, shape, 'float32');
  return tf.engine().makeTensorFromTensorInfo({dataId, shape, dtype: 'float32'});
}
