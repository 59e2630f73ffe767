const prime = 1009;

/**
 * Numbers between -0.5 and 0.5 in no visible order, the same in every language: value i of list `seed` is
 * ((7919 i + 104729 seed) mod 1009) / 1009 - 0.5. Exact in integers below 2^53.
 */
export function values(size: number, seed: number, scale = 1): Float32Array<ArrayBuffer> {
  const period = Float32Array.from(
    {length: prime},
    (_, i) => (((7919 * i + 104729 * seed) % prime) / prime - 0.5) * scale,
  );
  const list = new Float32Array(size);
  for (let start = 0; start < size; start += prime) list.set(period.subarray(0, Math.min(prime, size - start)), start);
  return list;
}

/** Token ids below `vocabSize`, the same in every language: token i is (7919 i + i² mod 1009) mod vocabSize. */
export function tokens(size: number, vocabSize: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({length: size}, (_, i) => (7919 * i + ((i * i) % prime)) % vocabSize);
}

/** How many numbers of a result are compared. */
const probes = 8;

/** Some numbers of a result, evenly spread from the first to the last. */
export function probe(result: ArrayLike<number>): number[] {
  return Array.from({length: probes}, (_, i) => result[Math.floor((i * (result.length - 1)) / (probes - 1))]);
}

/** Elements of a tensor of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
