import * as tf from '@tensorflow/tfjs';
import {requireArgument} from '../arguments';
import {CheckpointError, DataError, ShapeError, VariantsError} from '../errors';
import {type FileSource, readFileSource} from '../files/one-file';
import {writeStateFile} from './state-file';
import {decodeState, encodeState} from './state-format';
import {requireOrigin, type StateOrigin} from './state-origin';
import {mapState, type StateTree, tensorsOf} from './state-tree';

/** Tensors that travel beside x from layer to layer, by name: what a later layer needs of an earlier one. */
export type Carried = {readonly [name: string]: tf.Tensor};

/** What a layer gives. */
export interface Passed<Output extends StateTree = tf.Tensor> {
  output: Output;
  /** Tensors for the layers behind it; they take the place of those of the same name. Default: none. */
  carried?: Carried;
}

/** What one step of a stream gives: the output for the piece fed in, and what to remember. */
export interface StreamStep<Output extends StateTree = tf.Tensor> extends Passed<Output> {
  state: StateTree;
}

/** What a step of a stream is told. */
export interface StepOptions {
  /** Who takes the step, for messages. */
  name: string;
  /** Positions that are fed in. */
  time: number;
  /** The most positions there may be, or null. Default null. */
  contextLength?: number | null;
  /** What takes the step, and must have made the state, unless that was put together by hand. Default: any may. */
  origin?: StateOrigin;
}

/**
 * Throws where a sequence is longer than its model or layer can see.
 * @param contextLength The longest, or null where there is no limit.
 * @param name Whose limit it is, for the message.
 * @throws ShapeError
 */
export function requireWithin(contextLength: number | null, length: number, name: string): void {
  if (contextLength !== null && length > contextLength)
    throw new ShapeError(
      `${name}: a sequence of ${length} tokens is longer than maxSequenceLength ${contextLength}; cut it or start a new stream`,
    );
}

/** Positions that a stream has room for at first. */
const SMALLEST_CAPACITY = 128;

/** The least power of two that so many positions fit into, so that a growing state moves seldom. */
const capacityFor = (length: number) => Math.max(SMALLEST_CAPACITY, 2 ** Math.ceil(Math.log2(length)));

/**
 * The memory of a stream between two calls: a tree of tensors, and how many positions were fed.
 *
 * A state belongs to one stream: feeding it to `stream` uses it up (its tensors are freed or live on in the state that
 * comes back). `clone` it first to continue one prompt in several ways. It knows what made it, in memory and as bytes:
 * another architecture, or one of another configuration, refuses it.
 */
export class StreamState {
  private current: StateTree | undefined;

  /**
   * @param length Positions fed so far.
   * @param origin What made it. Null in bytes that do not say, of an older format; missing where a program puts one
   *   together by hand, which models refuse and layers take.
   */
  constructor(
    tree: StateTree,
    readonly length = 0,
    readonly origin?: StateOrigin | null,
  ) {
    this.current = tree;
  }

  /** The tree itself, to look at; it stays the state's own. Throws when the state was used up or disposed. */
  get tree(): StateTree {
    if (this.current === undefined)
      throw new VariantsError(
        'this stream state was already fed to stream() or disposed; clone() it before to use it twice',
      );
    return this.current;
  }

  /** Bytes of all tensors of the state. */
  get bytes(): number {
    let bytes = 0;
    for (const tensor of tensorsOf(this.tree)) bytes += tensor.size * tf.util.bytesPerElement(tensor.dtype);
    return bytes;
  }

  /** A copy that lives on when this state is used up. Tensors share their data with the original until one is freed. */
  clone(): StreamState {
    const copy = (leaf: tf.Tensor | number) => (leaf instanceof tf.Tensor ? tf.keep(leaf.clone()) : leaf);
    return new StreamState(mapState(this.tree, copy), this.length, this.origin);
  }

  /** Frees the state's tensors. A state that was used up stays as it is. */
  dispose(): void {
    if (this.current === undefined) return;
    for (const tensor of tensorsOf(this.current)) tensor.dispose();
    this.current = undefined;
  }

  /** The state as the bytes of a safetensors file: its tensors under their paths, the rest in the metadata. */
  async toBytes(): Promise<Uint8Array> {
    // A copy, because the stream may go on while the values are on their way from the device.
    const copy = this.clone();
    try {
      return await encodeState(copy.tree, copy.length, copy.origin);
    } finally {
      copy.dispose();
    }
  }

  /**
   * A new state of what `toBytes` gave.
   * @param name What messages call the bytes.
   * @throws CheckpointError when they are anything else.
   */
  static fromBytes(bytes: Uint8Array | ArrayBuffer, name = 'stream state'): StreamState {
    const isBytes = bytes instanceof Uint8Array || bytes instanceof ArrayBuffer;
    requireArgument(
      'StreamState.fromBytes',
      'the state',
      bytes,
      isBytes,
      'the bytes that toBytes gave',
      CheckpointError,
    );
    const {tree, length, origin} = decodeState(new Uint8Array(bytes), name);
    return new StreamState(tree, length, origin);
  }

  /** Writes {@link toBytes} to a file; in Node. */
  async save(path: string): Promise<void> {
    await writeStateFile(path, await this.toBytes());
  }

  /**
   * Reads what `save` wrote.
   * @param source A path in Node; an address that `fetch` takes; a File or Blob; the bytes themselves.
   * @throws CheckpointError when it cannot be read or holds anything else.
   */
  static async load(source: FileSource): Promise<StreamState> {
    const {name, bytes} = await readFileSource(source, 'stream state');
    return StreamState.fromBytes(bytes, name);
  }

  /**
   * Takes one step of a stream: runs `step` on the tree and returns its output with the next state. The step's
   * intermediate tensors are freed, and so are those of the old state that the new one does not hold.
   * If the step throws, the old state stays usable.
   * @param step Gets the tree, null at the start, how many positions the next state is to have room for, and how many were
   *   fed before.
   * @throws ShapeError beyond the context; DataError for a state that something else made.
   */
  static advance<Output extends StateTree>(
    state: StreamState | null | undefined,
    {name, time, contextLength = null, origin}: StepOptions,
    step: (tree: StateTree | null, capacity: number, fed: number) => StreamStep<Output>,
  ): {output: Output; state: StreamState} {
    if (state) requireState(name, state);
    if (state && origin && state.origin !== undefined) requireOrigin(name, state.origin, origin);
    const before = state ? state.tree : null;
    const fed = state?.length ?? 0;
    const length = fed + time;
    requireWithin(contextLength, length, name);
    const capacity = Math.min(capacityFor(length), contextLength ?? Number.POSITIVE_INFINITY);
    const owned = tensorsOf(before);
    const result = tf.tidy(() => withOwnOutput(step(before, capacity, fed), owned) as unknown as tf.TensorContainer);
    const {output, state: tree} = result as unknown as StreamStep<Output>;
    const after = tensorsOf(tree);
    for (const tensor of after) tf.keep(tensor);
    for (const tensor of owned) if (!after.has(tensor)) tensor.dispose();
    if (state) state.current = undefined;
    return {output, state: new StreamState(tree, length, origin)};
  }
}

/**
 * Throws a DataError unless a value is the state of a stream.
 * @param owner Who takes it, for the message.
 * @param mayBeMissing Whether a stream may begin without one. Default true.
 */
export function requireState(owner: string, state: unknown, mayBeMissing = true): void {
  const isState = state instanceof StreamState || (mayBeMissing && (state === undefined || state === null));
  const allowed = `a StreamState, as stream() returns it${mayBeMissing ? ', or nothing' : ''}`;
  requireArgument(owner, 'the state', state, isState, allowed, DataError);
}

// A layer may give out the very tensor that it remembers; the caller will dispose of the one and the state of the other.
function withOwnOutput<Output extends StateTree>(
  {output, state}: StreamStep<Output>,
  before: Set<tf.Tensor>,
): StreamStep<Output> {
  const after = tensorsOf(state);
  const own = (leaf: tf.Tensor | number) =>
    leaf instanceof tf.Tensor && (after.has(leaf) || before.has(leaf)) ? leaf.clone() : leaf;
  return {output: mapState(output, own) as Output, state};
}
