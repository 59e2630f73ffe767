import type {SimdBackend} from '../backend';

/** Bytes of a point; see `assembly/skew-fft.ts`. */
export const POINT_BYTES = 32;

/** Points of the shortest transform. */
const SHORTEST = 4;

/** The fewest points, of a number that transforms well, that hold so many real numbers. */
export function skewPoints(numbers: number): number {
  const least = Math.max(SHORTEST, numbers / 2);
  const [whole, half] = [1, 1.5].map((times) => times * 2 ** Math.ceil(Math.log2(least / times)));
  return Math.min(whole, half);
}

/** Into how many parts a block is split; as `partsOf` in `assembly/skew-fft.ts`. */
function partsOf(points: number): number {
  if (points % 3 === 0) return 3;
  return Math.log2(points) % 2 === 1 ? 2 : 4;
}

/** What the parts' roots are turned by, in the order of the parts. */
const TURNS: {[parts: number]: number[]} = {
  2: [0, Math.PI],
  3: [0, (2 * Math.PI) / 3, (4 * Math.PI) / 3],
  4: [0, Math.PI, Math.PI / 2, (3 * Math.PI) / 2],
};

/** The factors of all blocks, the longest first: the first three powers of the root of each. */
function skewFactors(points: number): Float32Array {
  const table: number[] = [];
  let angles = [Math.PI / 2];
  for (let length = points; length > 1; ) {
    const parts = partsOf(length);
    const roots = angles.map((angle) => angle / parts);
    for (const root of roots) for (const power of [1, 2, 3]) table.push(Math.cos(power * root), Math.sin(power * root));
    angles = roots.flatMap((root) => TURNS[parts].map((turn) => root + turn));
    length /= parts;
  }
  return Float32Array.from(table);
}

const tablesOf = new WeakMap<SimdBackend, Map<number, number>>();

/**
 * Where the factors of the transforms of `assembly/skew-fft.ts` of so many points lie. They stay there, for recorded steps
 * too, until memory is short: with two lengths between a power of two and the next, all together are a few times as large
 * as the largest.
 */
export function skewTable(backend: SimdBackend, points: number): number {
  const tables = tablesOf.get(backend) ?? newTables(backend);
  const known = tables.get(points);
  if (known !== undefined) return known;
  const factors = skewFactors(points);
  const address = backend.memoryBlocks.allocate(factors.byteLength);
  backend.memoryBlocks.floats.set(factors, address / 4);
  tables.set(points, address);
  return address;
}

function newTables(backend: SimdBackend): Map<number, number> {
  const tables = new Map<number, number>();
  tablesOf.set(backend, tables);
  backend.tables.add(() => {
    for (const address of tables.values()) backend.memoryBlocks.free(address);
    tables.clear();
  });
  return tables;
}
