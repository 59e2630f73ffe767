import type * as tf from '@tensorflow/tfjs';
import type {BlockOwner, EngineMemory} from './memory';

/** The values of a tensor as tfjs's own CPU kernels see them. */
export type Values = Float32Array | Int32Array | Uint8Array | Uint8Array[];

const typedArrays = {float32: Float32Array, int32: Int32Array, bool: Uint8Array} as const;

/** The dtypes whose values lie in the engine's memory. */
export type NumericType = keyof typeof typedArrays;

/** Whether values of this dtype lie in the engine's memory. */
export const isNumeric = (dtype: tf.DataType): dtype is NumericType => dtype in typedArrays;

/** Gives memory to data, or throws. */
export type Allocate = (bytes: number, owner: TensorData) => number;

/** What the engine knows of a tensor's data of the numeric dtypes: where in its memory the values lie. */
export class TensorData implements BlockOwner {
  /** Where the values begin; 0 as long as they have no memory, which they get when something needs it. */
  private place = 0;
  /** Whose memory it is, where it is another's now: see `SimdBackend.takeOver`. */
  private heir: TensorData | null = null;
  /** The memory belongs to a recording, whose affair it is. */
  private isRecorded = false;
  /** What is to lie in the memory once it is there; zeros where nothing is told. */
  private parked: ArrayLike<number> | null = null;
  private view: Float32Array | Int32Array | Uint8Array | null = null;
  private viewAddress = 0;

  /** @param size How many values. */
  constructor(
    private readonly memory: EngineMemory,
    private readonly allocate: Allocate,
    readonly dtype: NumericType,
    readonly size: number,
    public refCount: number,
  ) {}

  get bytes(): number {
    return this.size * typedArrays[this.dtype].BYTES_PER_ELEMENT;
  }

  /** Where the values begin. Data that has no memory yet gets some. */
  get address(): number {
    if (this.heir) return this.heir.address;
    if (this.place === 0) this.settleParked();
    return this.place;
  }

  /** Whether its values begin there. */
  isAt(address: number): boolean {
    return this.place === address && this.heir === null;
  }

  /** A view of the values, good until something is allocated. */
  get values(): Float32Array | Int32Array | Uint8Array {
    const {address} = this;
    if (this.view === null || this.viewAddress !== address) {
      this.view = new typedArrays[this.dtype](this.memory.memory.buffer as ArrayBuffer, address, this.size);
      this.viewAddress = address;
    }
    return this.view;
  }

  /** A copy of the values, in memory that the engine does not use. */
  copy(): Float32Array | Int32Array | Uint8Array {
    if (this.place !== 0 || this.heir) return this.values.slice();
    const copy = new typedArrays[this.dtype](this.size);
    if (this.parked) copy.set(this.parked);
    return copy;
  }

  /** Whether the memory is this data's own, and nobody else's too. */
  get isOwner(): boolean {
    return this.place !== 0 && this.heir === null && !this.isRecorded;
  }

  /** Gets memory of its own, with any content. */
  settle(): void {
    this.place = this.allocate(this.bytes, this);
  }

  /** Gets memory when it is first needed, and then these values, or zeros. */
  park(values: ArrayLike<number> | null): void {
    this.parked = values;
  }

  /** Lies where a recording says, in memory that is the recording's. */
  lieAt(place: number): void {
    this.place = place;
    this.isRecorded = true;
  }

  /** The recording's memory where it lies becomes its own. */
  inherit(): void {
    this.isRecorded = false;
    this.memory.setOwner(this.place, this);
  }

  /** Whether it lies in a recording's memory, at that place. */
  isLentAt(place: number): boolean {
    return this.isRecorded && this.place === place;
  }

  /** Leaves a recording's memory for some of its own, with the same values. */
  leave(): void {
    if (!this.isRecorded) return;
    const from = this.place;
    this.settle();
    this.isRecorded = false;
    this.memory.bytes.copyWithin(this.place, from, from + this.bytes);
  }

  /** The memory becomes another's, and what is written there is what this data has too. */
  giveTo(heir: TensorData): void {
    heir.place = this.place;
    this.heir = heir;
    this.memory.setOwner(this.place, heir);
  }

  /** Ends {@link giveTo}. */
  takeBack(): void {
    if (this.heir === null) return;
    this.heir.place = 0;
    this.heir = null;
    this.memory.setOwner(this.place, this);
  }

  moved(address: number): void {
    this.place = address;
  }

  private settleParked(): void {
    this.settle();
    if (this.parked) this.values.set(this.parked);
    else this.memory.bytes.fill(0, this.place, this.place + this.bytes);
    this.parked = null;
  }
}
