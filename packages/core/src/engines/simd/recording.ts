import * as tf from '@tensorflow/tfjs';
import type {RecordedStep, RecordingBackend, StepResult, TensorStep} from '../../streams/recorded-step';
import {SimdBackend} from './backend';
import {copyValues} from './kernels/copy';
import {bytesOf} from './kernels/kernel';
import {MemoryFullError} from './memory';
import {Recorder} from './recorder';
import {isNumeric, type NumericType, type TensorData} from './tensor-data';

/** Numbers of a job in the list that the compiled code reads; see `assembly/runtime.ts`. */
const JOB_NUMBERS = 4;

/** Where in memory a tensor lies that a step reads or writes. */
interface Place {
  address: number;
  shape: number[];
  dtype: NumericType;
}

const sizeOf = ({shape}: {shape: number[]}) => tf.util.sizeFromShape(shape);

/**
 * Where the state of recorded steps lies: it stays there from one run to the next, of whichever of the steps, and tensors are
 * handed out for it that lie there. If somebody still holds those when a place is needed for another state, they get memory
 * of their own first.
 */
class StatePlaces {
  /** The recordings whose steps find the state here. */
  readonly users = new Set<Recording>();

  readonly places: Place[] = [];
  /** The tensors that stand for the state in its places. */
  readonly held: tf.Tensor[] = [];

  constructor(private readonly backend: SimdBackend) {}

  /** Makes places for tensors, which hold their values. */
  add(tensors: readonly tf.Tensor[]): void {
    const added = tensors.map((tensor) => {
      const place = placeFor(this.backend, tensor);
      this.places.push(place);
      return place;
    });
    for (const place of added) this.held.push(tensorAt(this.backend, place));
  }

  /** Makes the places hold a state; nothing is to be done for the one that the last run gave. */
  takeIn(state: tf.Tensor[]): void {
    const {backend, held, places} = this;
    // A tensor that was on another engine meanwhile is the same tensor, but no longer in its place.
    const isInPlace = ({dataId}: tf.Tensor, i: number) => backend.lentAt(places[i].address, dataId) !== null;
    const isOther = (tensor: tf.Tensor, i: number) =>
      tensor !== held[i] || !isInPlace(tensor, i) || backend.refCount(tensor.dataId) > 1;
    const others = state.flatMap((tensor, i) => (isOther(tensor, i) ? [i] : []));
    for (const i of others) backend.lentAt(places[i].address, held[i].dataId)?.leave();
    for (const i of others) {
      copyTo(backend, state[i], places[i]);
      held[i] = tensorAt(backend, places[i]);
    }
  }

  /** Gives up the places: what lies there and is still held by somebody keeps the memory, all other is freed. */
  leave(): void {
    for (const [i, {address}] of this.places.entries()) {
      const data = this.held[i] && this.backend.lentAt(address, this.held[i].dataId);
      if (data) data.inherit();
      else this.backend.memoryBlocks.free(address);
    }
  }
}

/**
 * A step that was computed once, as the list of its jobs with all their addresses. Running the list again on other values
 * at the same addresses computes the step on them, the same way and so to the same bits, without tfjs and without asking
 * which kernels there are: some hundred nanoseconds a job instead of some microseconds.
 */
class Recording implements RecordedStep {
  private isOver = false;

  /**
   * @param list Where the list lies.
   * @param blocks Addresses of memory of the recording's own, beside its list and its places.
   */
  constructor(
    private readonly backend: SimdBackend,
    private readonly recorder: Recorder,
    private readonly list: number,
    private readonly input: Place,
    readonly state: StatePlaces,
    private readonly output: Place,
    private readonly blocks: readonly number[],
  ) {
    state.users.add(this);
    backend.recordings.add(this.dispose);
  }

  isValid(): boolean {
    const {backend, recorder, isOver} = this;
    if (isOver || tf.backend() !== backend) return false;
    for (const [dataId, address] of recorder.sources)
      if (!backend.data.has(dataId) || !(backend.data.get(dataId) as TensorData).isAt(address)) return false;
    return true;
  }

  run(input: tf.Tensor, state: tf.Tensor[]): StepResult | null {
    const {backend} = this;
    backend.isFixed = true;
    try {
      this.state.takeIn(state);
      copyTo(backend, input, this.input);
      // Before the jobs, which change the state: all that may fail for want of memory.
      const output = backend.output(this.output.shape, this.output.dtype);
      try {
        this.runJobs();
        copyBytes(backend, this.output, output.address);
      } catch (error) {
        backend.disposeData(output.dataId);
        throw error;
      }
      return {output: tf.engine().makeTensorFromTensorInfo(output), state: [...this.state.held]};
    } catch (error) {
      if (error instanceof MemoryFullError) return null;
      throw error;
    } finally {
      backend.isFixed = false;
    }
  }

  /** What somebody still holds of the state keeps the memory where it lies. */
  readonly dispose = (): void => {
    if (this.isOver) return;
    this.isOver = true;
    this.backend.recordings.delete(this.dispose);
    const {memoryBlocks} = this.backend;
    this.state.users.delete(this);
    if (this.state.users.size === 0) this.state.leave();
    for (const address of [this.input.address, ...this.blocks, this.list]) memoryBlocks.free(address);
  };

  private runJobs(): void {
    const {backend, recorder} = this;
    let done = 0;
    const runTo = (end: number) => {
      backend.threads.replay(this.list + 4 * JOB_NUMBERS * done, end - done);
      done = end;
    };
    for (const check of recorder.checks) {
      runTo(check.after);
      check.run();
    }
    runTo(recorder.jobs.length);
  }
}

/** The backend as tfjs gets it. The kernels work on {@link SimdBackend}, and a recording is made by running them. */
export class RecordingSimdBackend extends SimdBackend implements RecordingBackend {
  /** Computes a step of a stream, and records it if it can be taken again by running its jobs. */
  record(...args: Parameters<RecordingBackend['record']>): ReturnType<RecordingBackend['record']> {
    return record(this, ...args);
  }
}

/**
 * Computes a step and records it, if running its jobs again can stand for it and there is memory for it. Runs inside a
 * `tf.tidy`.
 */
function record(
  backend: SimdBackend,
  input: tf.Tensor,
  state: tf.Tensor[],
  step: TensorStep,
  beside?: RecordedStep,
): StepResult & {recording: Recording | null} {
  const plainly = () => ({...step(input, state), recording: null});
  if (![input, ...state].every(({dtype}) => isNumeric(dtype))) return plainly();
  try {
    return recordWithin(backend, input, state, step, beside instanceof Recording ? beside.state : null);
  } catch (error) {
    // What is recorded must not be moved together.
    if (error instanceof MemoryFullError) return plainly();
    throw error;
  }
}

/** @param shared Where states of other recordings lie, which are of the same form; null: nowhere yet. */
function recordWithin(
  backend: SimdBackend,
  input: tf.Tensor,
  state: tf.Tensor[],
  step: TensorStep,
  shared: StatePlaces | null,
): StepResult & {recording: Recording | null} {
  const {memoryBlocks, threads} = backend;
  const recorder = new Recorder();
  // What is given up when the step cannot be recorded: not what others go on with.
  const own = new StatePlaces(backend);
  const stateAt = shared ?? new StatePlaces(backend);
  let list: number | null = null;
  const giveUp = () => {
    const blocks = memoryBlocks.endSetAside();
    own.leave();
    if (!shared) stateAt.leave();
    for (const address of list === null ? blocks : [...blocks, list]) memoryBlocks.free(address);
  };
  backend.recorder = recorder;
  try {
    own.add([input]);
    if (shared) shared.takeIn(state);
    else stateAt.add(state);
    const [ownInput, ...before] = [...own.held, ...stateAt.held];
    const places = [...own.places, ...stateAt.places];
    for (const {dataId} of before) recorder.makes(dataId);
    recorder.sources.clear();
    memoryBlocks.setAside();
    threads.listener = recorder.job;
    const result = tf.tidy(
      () => step(ownInput, before) as unknown as tf.TensorContainer,
    ) as unknown as ReturnType<TensorStep>;
    if (!canBeRepeated(backend, recorder, places, result)) {
      giveUp();
      return {...result, recording: null};
    }
    copyBack(backend, result.state, stateAt.places);
    threads.listener = null;
    const {shape, dtype} = result.output;
    const output: Place = {address: backend.address(result.output), shape, dtype: dtype as NumericType};
    const copy = copyOf(backend, output);
    list = writeList(backend, recorder);
    // Nothing can fail from here on.
    // A part of the state that the step left as it was is still its tensor.
    tf.dispose([result.output, ...result.state.filter((tensor) => !before.includes(tensor))]);
    recorder.keepsReading(backend.data, [ownInput, ...before, copy]);
    const blocks = memoryBlocks.endSetAside();
    ownInput.dispose();
    const recording = new Recording(backend, recorder, list, places[0], stateAt, output, blocks);
    return {output: copy, state: before, recording};
  } catch (error) {
    tf.dispose(shared ? own.held : [...own.held, ...stateAt.held]);
    giveUp();
    throw error;
  } finally {
    backend.recorder = null;
    threads.listener = null;
  }
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
function writeList({memoryBlocks}: SimdBackend, {jobs}: Recorder): number {
  const numbers = jobs.reduce((sum, {args}) => sum + JOB_NUMBERS + args.length, 0);
  const address = memoryBlocks.allocate(4 * numbers);
  let free = address / 4 + JOB_NUMBERS * jobs.length;
  for (const [i, {job, args, pieces, isShared}] of jobs.entries()) {
    memoryBlocks.ints.set([job, 4 * free, pieces, isShared ? 1 : 0], address / 4 + JOB_NUMBERS * i);
    memoryBlocks.ints.set(args, free);
    free += args.length;
  }
  return address;
}

/** A new place with a tensor's values. */
function placeFor(backend: SimdBackend, tensor: tf.Tensor): Place {
  const place: Place = {address: 0, shape: tensor.shape, dtype: tensor.dtype as NumericType};
  place.address = backend.memoryBlocks.allocate(sizeOf(place) * bytesOf(place.dtype));
  copyTo(backend, tensor, place);
  return place;
}

function tensorAt(backend: SimdBackend, place: Place): tf.Tensor {
  const dataId = backend.lend(place.address, sizeOf(place), place.dtype);
  return tf.engine().makeTensorFromTensorInfo({dataId, shape: place.shape, dtype: place.dtype});
}

function copyTo(backend: SimdBackend, tensor: tf.Tensor, place: Place): void {
  copyBytes(backend, {...place, address: backend.address(tensor)}, place.address);
}

function copyOf(backend: SimdBackend, place: Place): tf.Tensor {
  const output = backend.output(place.shape, place.dtype);
  copyBytes(backend, place, output.address);
  return tf.engine().makeTensorFromTensorInfo(output);
}

function copyBytes({memoryBlocks}: SimdBackend, place: Place, to: number): void {
  memoryBlocks.bytes.copyWithin(to, place.address, place.address + sizeOf(place) * bytesOf(place.dtype));
}
