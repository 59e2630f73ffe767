import * as tf from '@tensorflow/tfjs';

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

/** The tensors of a tree, each once. */
export function tensorsOf(tree: StateTree): Set<tf.Tensor> {
  const tensors = new Set<tf.Tensor>();
  walkState(tree, (leaf) => leaf instanceof tf.Tensor && tensors.add(leaf));
  return tensors;
}

/**
 * The tree with other rows: row i is row `rows[i]` of before. Of its tensors those are gathered that have a row for each of
 * the batch along their first axis; all others are the same for all rows, and stay.
 * @param rows [new batch] int32
 * @param batch How many rows there were; where it is 1, what is the same for all rows is taken for a row.
 */
export function gatherRows(tree: StateTree, rows: tf.Tensor1D, batch: number): StateTree {
  const hasRows = (leaf: tf.Tensor | number): leaf is tf.Tensor => leaf instanceof tf.Tensor && leaf.shape[0] === batch;
  return mapState(tree, (leaf) => (hasRows(leaf) ? tf.gather(leaf, rows) : leaf));
}
