import * as tf from '@tensorflow/tfjs';
import {EngineError} from '../../errors';
import {type EngineMemory, MemoryFullError} from './memory';
import type {Recorder} from './recorder';
import {isNumeric, type NumericType, TensorData, type Values} from './tensor-data';
import type {Threads} from './threads';

/** Data whose values do not lie in the engine's memory: strings, and complex numbers, which are two other tensors. */
interface OtherData {
  values: Values | null | undefined;
  dtype: tf.DataType;
  refCount: number;
}

type SimdData = (TensorData | OtherData) & {complexTensorInfos?: {real: tf.TensorInfo; imag: tf.TensorInfo}};

/** What tfjs's CPU backend offers its kernels, and ours inherits. */
interface CpuBackend extends tf.KernelBackend {
  data: tf.DataStorage<SimdData>;
  nextDataId(): number;
  makeTensorInfo(shape: number[], dtype: tf.DataType, values?: tf.backend_util.BackendValues | string[]): tf.TensorInfo;
}

/**
 * tfjs's CPU backend: its kernels stand in for those that are not written here, on views of our memory. Taken from tfjs's
 * registry, so that it is the very copy that the program's tfjs belongs to.
 */
function cpuBackendClass(): new () => CpuBackend {
  const registered = tf.engine().registryFactory.cpu;
  if (!registered)
    throw new EngineError("simd: needs tfjs's cpu backend; import @tensorflow/tfjs or @tensorflow/tfjs-backend-cpu");
  return (registered.factory() as CpuBackend).constructor as new () => CpuBackend;
}

/** What `tf.memory()` tells on this engine, beside what it tells on all. */
export interface EngineMemoryInfo {
  unreliable: boolean;
  /** Bytes of the engine's memory that are in use: by tensors, recorded steps, tables and threads. */
  numBytesInEngine: number;
  /** Bytes that the engine holds, in use or not: what its memory has grown to. It never shrinks. */
  numBytesInEngineAllocated: number;
}

type KernelParameters = Parameters<tf.KernelFunc>[0];

/** A tfjs backend whose tensors lie in one WebAssembly memory. */
export class SimdBackend extends cpuBackendClass() {
  /** What a CPU kernel that is running has freed; null while none runs. */
  private heldBack: number[] | null = null;
  /** What a kernel that is running has made, a reference each; null while none runs. */
  private made: tf.DataId[] | null = null;
  /** What a kernel that is running has taken over: the data before, by the one after. */
  private readonly takenOver = new Map<tf.DataId, TensorData>();
  /** Frees each recorded step: they hold addresses of tensors and tables. */
  readonly recordings = new Set<() => void>();
  /** Frees the tables that kernels keep, to be called when there are no recorded steps. */
  readonly tables = new Set<() => void>();
  /** Who records what is computed now. */
  recorder: Recorder | null = null;
  /** Nothing may be moved now. */
  isFixed = false;

  constructor(
    readonly memoryBlocks: EngineMemory,
    readonly threads: Threads,
  ) {
    super();
  }

  /** A new tensor. Without values (undefined) it has memory to write them to; with null not even that, until a kernel reads it. */
  override write(
    values: tf.backend_util.BackendValues | undefined | null,
    shape: number[],
    dtype: tf.DataType,
  ): tf.DataId {
    const dataId = {id: this.nextDataId()};
    if (!isNumeric(dtype)) {
      this.data.set(dataId, {values: values as Values, dtype, refCount: 1});
      this.note(dataId);
      return dataId;
    }
    const data = this.newData(dtype, values?.length ?? tf.util.sizeFromShape(shape), 1);
    if (values === null) data.park(null);
    else data.settle();
    if (values) data.values.set(values as Float32Array);
    this.data.set(dataId, data);
    this.note(dataId);
    return dataId;
  }

  /** Takes over another backend's values, which has freed them: they get memory here when a kernel needs them. */
  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    if (isNumeric(dtype)) {
      const data = this.newData(dtype, tf.util.sizeFromShape(shape), refCount);
      data.park(values as Float32Array);
      this.data.set(dataId, data);
    } else this.data.set(dataId, {values: values as Values, dtype, refCount});
  }

  /** A new tensor whose values are whatever its memory held: for kernels, which write them all. */
  output(shape: number[], dtype: NumericType = 'float32'): tf.TensorInfo & {address: number} {
    const dataId = {id: this.nextDataId()};
    const data = this.newData(dtype, tf.util.sizeFromShape(shape), 1);
    data.settle();
    this.data.set(dataId, data);
    this.note(dataId);
    return {dataId, shape, dtype, address: data.address};
  }

  /**
   * A new tensor like `x`, for a kernel that writes over it what nobody needs any more: with the memory and the values of
   * x, unless others have a share in them. What then reads x reads the new values.
   */
  takeOver({dataId: old, shape, dtype}: tf.TensorInfo): tf.TensorInfo & {address: number} {
    const before = this.data.get(old) as TensorData;
    if (before.refCount > 1 || !before.isOwner) return this.output(shape, dtype as NumericType);
    const dataId = {id: this.nextDataId()};
    const data = this.newData(before.dtype, before.size, 1);
    before.giveTo(data);
    this.data.set(dataId, data);
    this.note(dataId);
    this.takenOver.set(dataId, before);
    return {dataId, shape, dtype, address: data.address};
  }

  /** Where a tensor's values begin. */
  address({dataId}: tf.TensorInfo): number {
    const {address} = this.data.get(dataId) as TensorData;
    this.recorder?.reads(dataId, address);
    return address;
  }

  /** One more who holds the same data. */
  override incRef(dataId: tf.DataId): void {
    super.incRef(dataId);
    this.made?.push(dataId);
  }

  /** The same data under another shape. */
  share({dataId, dtype}: tf.TensorInfo, shape: number[]): tf.TensorInfo {
    this.incRef(dataId);
    return {dataId, shape, dtype};
  }

  /** A view of a tensor's values. What a kernel does with it cannot be recorded; see {@link inspect}. */
  values({dataId}: tf.TensorInfo): Float32Array | Int32Array | Uint8Array {
    this.recorder?.refuse();
    return (this.data.get(dataId) as TensorData).values;
  }

  /** Has a tensor's values checked by a function that throws, now and whenever what is recorded is run again. */
  inspect({dataId}: tf.TensorInfo, check: (values: Float32Array | Int32Array | Uint8Array) => void): void {
    const data = this.data.get(dataId) as TensorData;
    check(data.values);
    const {values} = data;
    this.recorder?.inspects(() => check(values));
  }

  /**
   * Runs one of tfjs's own CPU kernels on this backend's tensors. Some of them free an intermediate tensor and read its
   * values after that, so what they free is given out again only when they are done.
   */
  fallback(kernelName: string, inputs: object, attributes: object): tf.TensorInfo | tf.TensorInfo[] {
    const {kernelFunc} = tf.getKernel(kernelName, 'cpu');
    // Without inputs it makes constants, such as a range.
    if (Object.keys(inputs).length > 0) this.recorder?.refuse();
    const outermost = this.heldBack === null;
    this.heldBack ??= [];
    try {
      return kernelFunc({inputs: inputs as tf.NamedTensorInfoMap, backend: this, attrs: attributes as tf.NamedAttrMap});
    } finally {
      if (outermost) {
        for (const address of this.heldBack) this.memoryBlocks.free(address);
        this.heldBack = null;
      }
    }
  }

  /**
   * Runs a kernel whole or not at all: if it throws, what it has made is freed. If it throws because there is memory for what
   * it needs, but in too small pieces, tensors are moved together and it runs anew; so a kernel allocates all that it needs
   * before it changes what was there.
   */
  runWhole<Result>(kernelFunc: (call: KernelParameters) => Result, call: KernelParameters): Result {
    if (this.made !== null) return kernelFunc(call);
    const {memoryBlocks} = this;
    for (let tried = 0; ; ) {
      const usedBefore = memoryBlocks.usedBytes;
      this.made = [];
      try {
        return kernelFunc(call);
      } catch (error) {
        this.undo(this.made);
        // All that it held when it failed must find room again.
        const needed = error instanceof MemoryFullError ? error.used - usedBefore + error.bytes : 0;
        if (needed <= tried || !this.makeRoom(needed)) throw error;
        tried = needed;
      } finally {
        this.made = null;
        if (this.takenOver.size > 0) this.takenOver.clear();
      }
    }
  }

  /** New data of a dtype and size at a place in memory that is a recording's. */
  lend(address: number, size: number, dtype: NumericType): tf.DataId {
    const dataId = {id: this.nextDataId()};
    const data = this.newData(dtype, size, 1);
    data.lieAt(address);
    this.data.set(dataId, data);
    this.note(dataId);
    return dataId;
  }

  /** What lies in a recording's memory, at that place, if data does. */
  lentAt(address: number, dataId: tf.DataId): TensorData | null {
    if (!this.data.has(dataId)) return null;
    const data = this.data.get(dataId) as TensorData;
    return data.isLentAt(address) ? data : null;
  }

  override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
    this.recorder?.refuse();
    const data = this.data.get(dataId);
    if (data instanceof TensorData) return data.copy();
    const {values, complexTensorInfos} = data;
    if (complexTensorInfos) {
      const [real, imag] = [complexTensorInfos.real, complexTensorInfos.imag].map((part) => this.readSync(part.dataId));
      return tf.backend_util.mergeRealAndImagArrays(real as Float32Array, imag as Float32Array);
    }
    return (values as Uint8Array[]).slice();
  }

  override async read(dataId: tf.DataId): Promise<tf.backend_util.BackendValues> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    if (!this.data.has(dataId)) return true;
    const data = this.data.get(dataId);
    if (this.made !== null) forget(this.made, dataId);
    data.refCount--;
    if (!force && data.refCount > 0) return false;
    if (data.complexTensorInfos) {
      this.disposeData(data.complexTensorInfos.real.dataId, true);
      this.disposeData(data.complexTensorInfos.imag.dataId, true);
    }
    if (data instanceof TensorData && data.isOwner) this.release(data.address);
    this.data.delete(dataId);
    return true;
  }

  /** See {@link EngineMemoryInfo}. */
  override memory(): EngineMemoryInfo {
    const {usedBytes: used, heldBytes: held} = this.memoryBlocks;
    return {unreliable: false, numBytesInEngine: used, numBytesInEngineAllocated: held};
  }

  override dispose(): void {
    this.threads.stop();
  }

  /** Something new is there. */
  private note(dataId: tf.DataId): void {
    this.made?.push(dataId);
    this.recorder?.makes(dataId);
  }

  private undo(made: readonly tf.DataId[]): void {
    this.made = null;
    for (const dataId of [...made].reverse()) {
      this.takenOver.get(dataId)?.takeBack();
      this.disposeData(dataId);
    }
  }

  /** Moves tensors together so that so many bytes in a row are free. Returns whether they are. */
  private makeRoom(bytes: number): boolean {
    if (this.recorder || this.isFixed || !this.memoryBlocks.mayHold(bytes)) return false;
    for (const letGo of [...this.recordings, ...this.tables]) letGo();
    return this.memoryBlocks.makeRoom(bytes);
  }

  private release(address: number): void {
    if (this.heldBack) this.heldBack.push(address);
    else this.memoryBlocks.free(address);
  }

  private newData(dtype: NumericType, size: number, refCount: number): TensorData {
    return new TensorData(this.memoryBlocks, this.allocate, dtype, size, refCount);
  }

  private readonly allocate = (bytes: number, owner: TensorData): number => {
    try {
      return this.memoryBlocks.allocate(bytes, owner);
    } catch (error) {
      // A kernel begins anew, as it may have taken addresses.
      if (this.made !== null || !(error instanceof MemoryFullError) || !this.makeRoom(bytes)) throw error;
      return this.memoryBlocks.allocate(bytes, owner);
    }
  };
}

/** Takes one reference to data off a list of them. */
function forget(made: tf.DataId[], dataId: tf.DataId): void {
  const i = made.lastIndexOf(dataId);
  if (i >= 0) made.splice(i, 1);
}
