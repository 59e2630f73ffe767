import * as tf from '@tensorflow/tfjs';
import type {RecordedStep, RecordingBackend, StepResult, TensorStep} from '../../streams/recorded-step';
import {isNumeric, type NumericType, SimdBackend} from './backend';
import {copyValues} from './kernels/copy';
import {bytesOf} from './kernels/kernel';
import {Recorder} from './recorder';

/** Numbers of a job in the list that the compiled code reads; see `assembly/runtime.ts`. */
const JOB_NUMBERS = 4;

/** Where in memory a tensor lies that a step reads or writes. */
interface Place {
  address: number;
  shape: number[];
  dtype: NumericType;
}

const sizeOf = ({shape}: {shape: number[]}) => tf.util.sizeFromShape(shape);
const bytesAt = (place: Place) => Math.max(1, sizeOf(place) * bytesOf(place.dtype));

/**
 * A step that was computed once, as the list of its jobs with all their addresses. Running the list again on other values
 * at the same addresses computes the step on them, the same way and so to the same bits, without tfjs and without asking
 * which kernels there are: some hundred nanoseconds a job instead of some microseconds.
 *
 * The state stays in its places from one run to the next, and tensors are handed out for it that lie there. If somebody
 * still holds those when a place is needed for another state, they get memory of their own first.
 */
class Recording implements RecordedStep {
  private readonly list: {address: number; bytes: number};

  /**
   * @param held The tensors that stand for the state in its places.
   * @param blocks Memory of the recording's own, address to bytes.
   */
  constructor(
    private readonly backend: SimdBackend,
    private readonly recorder: Recorder,
    private readonly input: Place,
    private readonly places: readonly Place[],
    private readonly output: Place,
    private readonly held: tf.Tensor[],
    private readonly blocks: Map<number, number>,
  ) {
    this.list = writeList(backend, recorder);
  }

  isValid(): boolean {
    const {backend, recorder} = this;
    if (tf.backend() !== backend) return false;
    for (const [dataId, address] of recorder.sources)
      if (!backend.data.has(dataId) || backend.data.get(dataId).address !== address) return false;
    return true;
  }

  run(input: tf.Tensor, state: tf.Tensor[]): StepResult {
    const {backend, recorder, held} = this;
    this.takeIn(state);
    copyTo(backend, input, this.input);
    let done = 0;
    const runTo = (end: number) => {
      backend.threads.replay(this.list.address + 4 * JOB_NUMBERS * done, end - done);
      done = end;
    };
    for (const check of recorder.checks) {
      runTo(check.after);
      check.run();
    }
    runTo(recorder.jobs.length);
    return {output: copyOf(backend, this.output), state: [...held]};
  }

  dispose(): void {
    const {memoryBlocks} = this.backend;
    for (const i of this.held.keys()) this.settle(i);
    for (const [address, bytes] of this.blocks) memoryBlocks.free(address, bytes);
    memoryBlocks.free(this.list.address, this.list.bytes);
  }

  /** Makes the places hold a state; nothing is to be done for the one that the last run gave. */
  private takeIn(state: tf.Tensor[]): void {
    const {backend, held, places} = this;
    const isOther = (tensor: tf.Tensor, i: number) => tensor !== held[i] || backend.refCount(tensor.dataId) > 1;
    const others = state.flatMap((tensor, i) => (isOther(tensor, i) ? [i] : []));
    for (const i of others) this.settle(i);
    for (const i of others) {
      copyTo(backend, state[i], places[i]);
      held[i] = tensorAt(backend, places[i]);
    }
  }

  /** Gives what is held of a place, if anything, memory of its own. */
  private settle(i: number): void {
    const {dataId} = this.held[i];
    if (this.backend.data.has(dataId)) this.backend.settle(dataId);
  }
}

/** The backend as tfjs gets it. The kernels work on {@link SimdBackend}, and a recording is made by running them. */
export class RecordingSimdBackend extends SimdBackend implements RecordingBackend {
  /** Computes a step of a stream, and records it if it can be taken again by running its jobs. */
  record(input: tf.Tensor, state: tf.Tensor[], step: TensorStep): ReturnType<RecordingBackend['record']> {
    return record(this, input, state, step);
  }
}

/** Computes a step and records it, if running its jobs again can stand for it. Runs inside a `tf.tidy`. */
function record(
  backend: SimdBackend,
  input: tf.Tensor,
  state: tf.Tensor[],
  step: TensorStep,
): StepResult & {recording: Recording | null} {
  if (![input, ...state].every(({dtype}) => isNumeric(dtype))) return {...step(input, state), recording: null};
  const {memoryBlocks, threads} = backend;
  const recorder = new Recorder(memoryBlocks);
  memoryBlocks.setAside();
  const places = [input, ...state].map((tensor) => placeFor(backend, tensor));
  const freeAll = (blocks: Map<number, number>) => {
    for (const [address, bytes] of blocks) memoryBlocks.free(address, bytes);
    for (const place of places) memoryBlocks.free(place.address, bytesAt(place));
  };
  const [ownInput, ...held] = places.map((place) => tensorAt(backend, place));
  let result: ReturnType<TensorStep>;
  try {
    backend.recorder = recorder;
    threads.listener = recorder.job;
    result = tf.tidy(() => step(ownInput, held) as unknown as tf.TensorContainer) as unknown as ReturnType<TensorStep>;
    if (canBeRepeated(backend, recorder, places, result)) copyBack(backend, result.state, places.slice(1));
    else recorder.refuse();
  } catch (error) {
    freeAll(memoryBlocks.endSetAside());
    throw error;
  } finally {
    backend.recorder = null;
    threads.listener = null;
  }
  if (recorder.isRefused) {
    const blocks = memoryBlocks.endSetAside();
    // What lies in a place lives on in memory of its own.
    for (const {dataId} of held) backend.settle(dataId);
    freeAll(blocks);
    return {...result, recording: null};
  }
  const {shape, dtype} = result.output;
  const output: Place = {address: backend.address(result.output), shape, dtype: dtype as NumericType};
  // A part of the state that the step left as it was is still its tensor.
  tf.dispose([result.output, ...result.state.filter((tensor) => !held.includes(tensor))]);
  const blocks = memoryBlocks.endSetAside();
  for (const place of places) blocks.set(place.address, bytesAt(place));
  const recording = new Recording(backend, recorder, places[0], places.slice(1), output, held, blocks);
  return {output: copyOf(backend, output), state: [...held], recording};
}

/** Whether the jobs are all that was done, read what is still there, and give back the state as it was taken. */
function canBeRepeated(
  backend: SimdBackend,
  recorder: Recorder,
  places: Place[],
  {output, state}: StepResult,
): boolean {
  const [, ...before] = places;
  const isSame = (tensor: tf.Tensor, {shape, dtype}: Place) =>
    tensor.dtype === dtype && tf.util.arraysEqual(tensor.shape, shape);
  if (recorder.isRefused || state.length !== before.length || !isNumeric(output.dtype)) return false;
  if (!state.every((tensor, i) => isSame(tensor, before[i]))) return false;
  // What lies in a place of the state may stay there. Anywhere else, another part of the state would overwrite it.
  const placeOf = (tensor: tf.Tensor) => places.findIndex(({address}) => address === backend.address(tensor));
  if (placeOf(output) >= 0 || state.some((tensor, i) => ![-1, i + 1].includes(placeOf(tensor)))) return false;
  return [...recorder.sources].every(([dataId]) => backend.data.has(dataId));
}

/** Moves the new state to the places of the old one. */
function copyBack(backend: SimdBackend, state: tf.Tensor[], places: Place[]): void {
  for (const [i, tensor] of state.entries()) {
    const from = backend.address(tensor);
    const place = places[i];
    if (from !== place.address) copyValues(backend, from, place.address, sizeOf(place), bytesOf(place.dtype));
  }
}

/** The jobs in memory: their arguments, and for each its number, where those are, its pieces, and if it is to be shared. */
function writeList({memoryBlocks}: SimdBackend, {jobs}: Recorder): {address: number; bytes: number} {
  const numbers = jobs.reduce((sum, {args}) => sum + JOB_NUMBERS + args.length, 0);
  const bytes = Math.max(4, 4 * numbers);
  const address = memoryBlocks.allocate(bytes);
  let free = address / 4 + JOB_NUMBERS * jobs.length;
  for (const [i, {job, args, pieces, isShared}] of jobs.entries()) {
    memoryBlocks.ints.set([job, 4 * free, pieces, isShared ? 1 : 0], address / 4 + JOB_NUMBERS * i);
    memoryBlocks.ints.set(args, free);
    free += args.length;
  }
  return {address, bytes};
}

/** A new place with a tensor's values. */
function placeFor(backend: SimdBackend, tensor: tf.Tensor): Place {
  const place: Place = {address: 0, shape: tensor.shape, dtype: tensor.dtype as NumericType};
  place.address = backend.memoryBlocks.allocate(bytesAt(place));
  copyTo(backend, tensor, place);
  return place;
}

function tensorAt(backend: SimdBackend, place: Place): tf.Tensor {
  const dataId = backend.lend(place.address, sizeOf(place), place.dtype);
  return tf.engine().makeTensorFromTensorInfo({dataId, shape: place.shape, dtype: place.dtype});
}

function copyTo(backend: SimdBackend, tensor: tf.Tensor, place: Place): void {
  const from = backend.address(tensor);
  backend.memoryBlocks.bytes.copyWithin(place.address, from, from + sizeOf(place) * bytesOf(place.dtype));
}

function copyOf(backend: SimdBackend, place: Place): tf.Tensor {
  const output = backend.output(place.shape, place.dtype);
  const {address} = place;
  backend.memoryBlocks.bytes.copyWithin(output.address, address, address + sizeOf(place) * bytesOf(place.dtype));
  return tf.engine().makeTensorFromTensorInfo(output);
}
