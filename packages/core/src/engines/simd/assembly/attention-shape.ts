/** What attention's jobs share: the shapes of a call, and which keys a query sees. */

/** What all directions know of a call. The fields of `kernels/attention.ts`, in the same order. */
@unmanaged export class AttentionShape {
  numHeads: u32;
  /** Query heads that share a key head. */
  group: u32;
  queries: u32;
  /** Keys of a head that there is room for. */
  keys: u32;
  size: u32;
  valueSize: u32;
  causal: u32;
  /** Keys up to its own that a query sees, 0 for all. */
  window: u32;
  /** First keys that are seen beside the window. */
  sinks: u32;
  /** Where the number of keys that are there lies, 0 when all are. */
  keyLength: u32;
  /** Added to the scores; 0 for none. Then floats from one index to the next, 0 where a dimension is broadcast. */
  bias: u32;
  biasBatch: u32;
  biasHead: u32;
  biasQuery: u32;
  biasKey: u32;
  /** Not 0 where a query may attend; 0 for none. Then values from one index to the next, and the bytes of a value. */
  mask: u32;
  maskBatch: u32;
  maskHead: u32;
  maskQuery: u32;
  maskKey: u32;
  maskBytes: u32;
}

/** Keys of a tile. */
@inline export const BK: i32 = 64;

/** How many keys are there. */
export function presentKeys(task: AttentionShape): i32 {
  const keys = <i32>task.keys;
  return task.keyLength ? max(0, min(keys, load<i32>(<usize>task.keyLength))) : keys;
}

/** The first key of a query's window. */
@inline export function firstKey(task: AttentionShape, present: i32, query: i32): i32 {
  return task.window ? max(0, query + 1 + present - <i32>task.queries - <i32>task.window) : 0;
}

/** One past the last key that a query sees. */
@inline export function endKey(task: AttentionShape, present: i32, query: i32): i32 {
  return task.causal ? max(0, query + 1 + present - <i32>task.queries) : present;
}

/** The next tile from `key` on, a multiple of BK, that has sinks or keys from `first` on. */
@inline export function nextTile(task: AttentionShape, key: i32, first: i32): i32 {
  return key >= <i32>task.sinks && key + BK <= first ? first & -BK : key;
}
