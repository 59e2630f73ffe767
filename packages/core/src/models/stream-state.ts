import * as tf from '@tensorflow/tfjs';
import {VariantsError} from '../errors';

/** What a stream remembers: tensors and numbers, in objects and lists as the architecture likes. */
export type StateTree = tf.Tensor | number | null | StateTree[] | {[name: string]: StateTree};

/** Calls `visit` for each tensor and number of a tree, with its path (`block_0/mixer/keys`), in a stable order. */
export function walkState(tree: StateTree, visit: (leaf: tf.Tensor | number, path: string) => void, path = ''): void {
  if (tree === null) return;
  if (typeof tree === 'number' || tree instanceof tf.Tensor) visit(tree, path);
  else for (const [name, child] of Object.entries(tree)) walkState(child, visit, path ? `${path}/${name}` : name);
}

/** The same tree with each tensor and number replaced by what `change` makes of it. */
export function mapState(tree: StateTree, change: (leaf: tf.Tensor | number) => StateTree): StateTree {
  if (tree === null) return null;
  if (typeof tree === 'number' || tree instanceof tf.Tensor) return change(tree);
  if (Array.isArray(tree)) return tree.map((child) => mapState(child, change));
  return Object.fromEntries(Object.entries(tree).map(([name, child]) => [name, mapState(child, change)]));
}

function tensorsOf(tree: StateTree): Set<tf.Tensor> {
  const tensors = new Set<tf.Tensor>();
  walkState(tree, (leaf) => leaf instanceof tf.Tensor && tensors.add(leaf));
  return tensors;
}

/**
 * The memory of a stream between two calls: a tree of tensors.
 *
 * A state belongs to one stream: feeding it to `stream` uses it up (its tensors are freed or live on in the state that
 * comes back). `clone` it first to continue one prompt in several ways.
 */
export class StreamState {
  private current: StateTree | undefined;

  constructor(tree: StateTree) {
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
    return new StreamState(mapState(this.tree, (leaf) => (leaf instanceof tf.Tensor ? tf.keep(leaf.clone()) : leaf)));
  }

  /** Frees the state's tensors. A state that was used up stays as it is. */
  dispose(): void {
    if (this.current === undefined) return;
    for (const tensor of tensorsOf(this.current)) tensor.dispose();
    this.current = undefined;
  }

  /**
   * Takes one step of a stream: runs `step` on the tree and returns its output with the next state. The step's
   * intermediate tensors are freed, and so are those of the old state that the new one does not hold.
   * If the step throws, the old state stays usable.
   */
  static advance<Output extends tf.TensorContainer>(
    state: StreamState | null | undefined,
    step: (tree: StateTree | null) => {output: Output; state: StateTree},
  ): {output: Output; state: StreamState} {
    const before = state ? state.tree : null;
    const result = tf.tidy(() => step(before) as unknown as tf.TensorContainer) as unknown as {
      output: Output;
      state: StateTree;
    };
    const after = tensorsOf(result.state);
    for (const tensor of after) tf.keep(tensor);
    if (state) {
      for (const tensor of tensorsOf(before)) if (!after.has(tensor)) tensor.dispose();
      state.current = undefined;
    }
    return {output: result.output, state: new StreamState(result.state)};
  }
}
