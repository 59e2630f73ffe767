import * as tf from '@tensorflow/tfjs';
import {EngineError} from '../../errors';
import type {EngineMemory} from './memory';
import type {Recorder} from './recorder';
import type {Threads} from './threads';

/** The values of a tensor as tfjs's own CPU kernels see them. */
type Values = Float32Array | Int32Array | Uint8Array | Uint8Array[];

/** What the engine knows of a tensor's data. `address` is 0 where it has none: strings, complex numbers, no memory yet. */
export interface SimdData {
  /** A view of the engine's memory; a list of byte strings for strings; null where there is no memory yet. */
  values: Values | null | undefined;
  dtype: tf.DataType;
  refCount: number;
  address: number;
  bytes: number;
  complexTensorInfos?: {real: tf.TensorInfo; imag: tf.TensorInfo};
  /** The memory belongs to other data, see {@link SimdBackend.takeOver}, or to a recording. */
  isLent?: boolean;
}

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

const typedArrays = {float32: Float32Array, int32: Int32Array, bool: Uint8Array} as const;

/** The dtypes whose values lie in the engine's memory. */
export type NumericType = keyof typeof typedArrays;

/** Whether values of this dtype lie in the engine's memory. */
export const isNumeric = (dtype: tf.DataType): dtype is NumericType => dtype in typedArrays;

/** A tfjs backend whose tensors lie in one WebAssembly memory. */
export class SimdBackend extends cpuBackendClass() {
  /** What a CPU kernel that is running has freed; null while none runs. */
  private heldBack: {address: number; bytes: number}[] | null = null;
  /** Who records what is computed now. */
  recorder: Recorder | null = null;

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
    this.data.set(dataId, this.makeData(values, tf.util.sizeFromShape(shape), dtype, 1));
    return dataId;
  }

  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    this.data.set(dataId, this.makeData(values, tf.util.sizeFromShape(shape), dtype, refCount));
  }

  /** A new tensor whose values are whatever its memory held: for kernels, which write them all. */
  output(shape: number[], dtype: NumericType = 'float32'): tf.TensorInfo & {address: number} {
    const dataId = {id: this.nextDataId()};
    const data = this.allocate(tf.util.sizeFromShape(shape), dtype, 1);
    this.data.set(dataId, data);
    return {dataId, shape, dtype, address: data.address};
  }

  /**
   * A new tensor like `x`, for a kernel that writes over it what nobody needs any more: with the memory and the values of
   * x, unless others have a share in them. What then reads x reads the new values.
   */
  takeOver({dataId: old, shape, dtype}: tf.TensorInfo): tf.TensorInfo & {address: number} {
    const data = this.data.get(old);
    if (data.refCount > 1 || data.isLent) return this.output(shape, dtype as NumericType);
    const dataId = {id: this.nextDataId()};
    this.data.set(dataId, {...data});
    data.isLent = true;
    return {dataId, shape, dtype, address: data.address};
  }

  /** Where a tensor's values begin. */
  address({dataId}: tf.TensorInfo): number {
    const {address} = this.withMemory(dataId);
    this.recorder?.reads(dataId, address);
    return address;
  }

  /** The same data under another shape. */
  share({dataId, dtype}: tf.TensorInfo, shape: number[]): tf.TensorInfo {
    this.incRef(dataId);
    return {dataId, shape, dtype};
  }

  /** A view of a tensor's values. What a kernel does with it cannot be recorded; see {@link inspect}. */
  values({dataId}: tf.TensorInfo): Float32Array | Int32Array | Uint8Array {
    this.recorder?.refuse();
    return this.data.get(dataId).values as Float32Array;
  }

  /** Has a tensor's values checked by a function that throws, now and whenever what is recorded is run again. */
  inspect({dataId}: tf.TensorInfo, check: (values: Float32Array | Int32Array | Uint8Array) => void): void {
    const values = this.data.get(dataId).values as Float32Array;
    check(values);
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
        for (const {address, bytes} of this.heldBack) this.memoryBlocks.free(address, bytes);
        this.heldBack = null;
      }
    }
  }

  /** New data of a dtype and size at a place in memory that somebody else owns. */
  lend(address: number, size: number, dtype: NumericType): tf.DataId {
    const dataId = {id: this.nextDataId()};
    const bytes = Math.max(1, size * typedArrays[dtype].BYTES_PER_ELEMENT);
    const values = this.view(address, size, dtype);
    this.data.set(dataId, {values, dtype, refCount: 1, address, bytes, isLent: true});
    return dataId;
  }

  /** Gives data that lies in lent memory memory of its own, with the same values. */
  settle(dataId: tf.DataId): void {
    const data = this.data.get(dataId);
    const size = (data.values as Float32Array).length;
    const own = this.allocate(size, data.dtype as NumericType, data.refCount);
    (own.values as Float32Array).set(data.values as Float32Array);
    this.data.set(dataId, own);
  }

  override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
    this.recorder?.refuse();
    const {values, complexTensorInfos} = this.withMemory(dataId);
    if (complexTensorInfos) {
      const [real, imag] = [complexTensorInfos.real, complexTensorInfos.imag].map((part) => this.readSync(part.dataId));
      return tf.backend_util.mergeRealAndImagArrays(real as Float32Array, imag as Float32Array);
    }
    // A copy, in memory that a program may pass on and that the engine does not use again.
    return (values as Float32Array).slice();
  }

  override async read(dataId: tf.DataId): Promise<tf.backend_util.BackendValues> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    if (!this.data.has(dataId)) return true;
    const data = this.data.get(dataId);
    data.refCount--;
    if (!force && data.refCount > 0) return false;
    if (data.complexTensorInfos) {
      this.disposeData(data.complexTensorInfos.real.dataId, true);
      this.disposeData(data.complexTensorInfos.imag.dataId, true);
    }
    if (data.address && !data.isLent) this.release(data);
    this.data.delete(dataId);
    return true;
  }

  override memory(): {unreliable: boolean} {
    return {unreliable: false};
  }

  override dispose(): void {
    this.threads.stop();
  }

  /** A tensor's data; one that has no memory yet gets some, with zeros. */
  private withMemory(dataId: tf.DataId): SimdData {
    const data = this.data.get(dataId);
    if (data.values !== null) return data;
    const dtype = data.dtype as NumericType;
    const own = this.allocate(data.bytes / typedArrays[dtype].BYTES_PER_ELEMENT, dtype, data.refCount);
    (own.values as Float32Array).fill(0);
    // In place: tfjs counts what is set, and would take it for a leak.
    return Object.assign(data, own);
  }

  private release({address, bytes}: {address: number; bytes: number}): void {
    if (this.heldBack) this.heldBack.push({address, bytes});
    else this.memoryBlocks.free(address, bytes);
  }

  private makeData(
    values: tf.backend_util.BackendValues | undefined | null,
    size: number,
    dtype: tf.DataType,
    refCount: number,
  ): SimdData {
    if (!isNumeric(dtype)) return {values: values as Values, dtype, refCount, address: 0, bytes: 0};
    if (values === null)
      return {values: null, dtype, refCount, address: 0, bytes: size * typedArrays[dtype].BYTES_PER_ELEMENT};
    const data = this.allocate(values?.length ?? size, dtype, refCount);
    if (values) (data.values as Float32Array).set(values as Float32Array);
    return data;
  }

  private allocate(size: number, dtype: NumericType, refCount: number): SimdData {
    const bytes = Math.max(1, size * typedArrays[dtype].BYTES_PER_ELEMENT);
    const address = this.memoryBlocks.allocate(bytes);
    return {values: this.view(address, size, dtype), dtype, refCount, address, bytes};
  }

  private view(address: number, size: number, dtype: NumericType): Values {
    return new typedArrays[dtype](this.memoryBlocks.memory.buffer as ArrayBuffer, address, size);
  }
}
