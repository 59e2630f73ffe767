import {Fft} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {floatBits} from './kernel';

/** How complex numbers of a length are transformed; the fields are those of `Plan` in `assembly/fft.ts`. */
export interface FftPlan {
  length: number;
  inner: number;
  twiddles: number;
  chirp: number;
  spectrum: number;
  /** Floats of scratch memory that a row needs. */
  work: number;
}

/** Floats of scratch memory that complex numbers take; see `apart` in `assembly/stockham.ts`. */
export const roomFor = (length: number) => 2 * (length + 48);

/** Shorter transforms are done by the definition. */
const SHORTEST = 16;

/** Tables of so many lengths are kept. */
const KEPT = 16;

const isPowerOfTwo = (n: number) => (n & (n - 1)) === 0;

/** cos and sin of -2 pi i/n, the parts one after another. */
function powersOfW(n: number, count: number): Float32Array {
  const table = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const angle = (-2 * Math.PI * i) / n;
    table[i] = Math.cos(angle);
    table[count + i] = Math.sin(angle);
  }
  return table;
}

/** The twiddles of all passes of radix 4 but the last, as `assembly/stockham.ts` reads them. */
function stockhamTwiddles(length: number): Float32Array {
  const table: number[] = [];
  const power = (n: number, p: number, k: number) => {
    const angle = (-2 * Math.PI * ((p * k) % n)) / n;
    return [Math.cos(angle), Math.sin(angle)];
  };
  for (let k = 1; k <= 3; k++)
    for (let part = 0; part < 2; part++) for (let p = 0; p < length / 4; p++) table.push(power(length, p, k)[part]);
  for (let n = length / 4; n > 4; n /= 4)
    for (let p = 0; p < n / 4; p++) for (let k = 1; k <= 3; k++) table.push(...power(n, p, k));
  return Float32Array.from(table);
}

/** exp(-i pi k^2/n), the parts one after another. The square is reduced first: it soon has more digits than a float. */
function chirpOf(n: number): Float32Array {
  const table = new Float32Array(2 * n);
  for (let k = 0; k < n; k++) {
    const angle = (-Math.PI * ((k * k) % (2 * n))) / n;
    table[k] = Math.cos(angle);
    table[n + k] = Math.sin(angle);
  }
  return table;
}

/** The arguments of a transform; see `FftTask` in `assembly/fft.ts`. */
export interface FftCall {
  operation: Fft;
  /** Addresses of the real and imaginary parts. */
  from: [number, number];
  to: [number, number];
  rows: number;
  fromLength: number;
  toLength: number;
  /** Real numbers of a transform from or to them. */
  length: number;
  edge: number;
  inside: number;
  turns: number;
}

/** Bytes of a thread's own scratch memory; see `threads.ts`. */
const SCRATCH_BYTES = 262144;

/** Scratch memory that rows are given at most, where a thread's own is too small: then they go in groups. */
const MAX_WORK_BYTES = 2 ** 24;

/** Runs a transform of rows. `work`: floats of scratch memory of a row. */
export function runFft(backend: SimdBackend, plan: FftPlan, call: FftCall, work: number): void {
  const workBytes = 4 * work;
  const isOwn = workBytes <= SCRATCH_BYTES;
  const group = isOwn ? call.rows : Math.max(1, Math.min(call.rows, Math.floor(MAX_WORK_BYTES / workBytes)));
  const borrowed = isOwn ? 0 : backend.memoryBlocks.allocate(group * workBytes);
  for (let first = 0; first < call.rows; first += group) {
    const rows = Math.min(group, call.rows - first);
    const [re, im] = call.from.map((address) => address + 4 * first * call.fromLength);
    const [toRe, toIm] = call.to.map((address) => address + 4 * first * call.toLength);
    const args = [call.operation, re, im, toRe, toIm, call.fromLength, call.toLength, call.length];
    args.push(floatBits(call.edge), floatBits(call.inside), call.turns, borrowed, workBytes);
    args.push(plan.length, plan.inner, plan.twiddles, plan.chirp, plan.spectrum);
    backend.threads.run('jobFft', args, rows, rows * plan.length * 20);
  }
  if (!isOwn) backend.memoryBlocks.free(borrowed);
}

/** Tables in a backend's memory, by what they are for; those that were not used for the longest are freed. */
class Tables<Entry> {
  private readonly kept = new Map<number, {entry: Entry; addresses: number[]}>();

  constructor(
    private readonly backend: SimdBackend,
    private readonly make: (n: number, store: (values: Float32Array) => number) => Entry,
  ) {}

  get(n: number): Entry {
    const known = this.kept.get(n);
    if (known) this.kept.delete(n);
    const table = known ?? this.fresh(n);
    this.kept.set(n, table);
    return table.entry;
  }

  clear(): void {
    for (const {addresses} of this.kept.values()) this.free(addresses);
    this.kept.clear();
  }

  private fresh(n: number) {
    const {memoryBlocks} = this.backend;
    const [oldest] = this.kept;
    if (oldest && this.kept.size >= KEPT) {
      // A recorded step may go on reading it.
      for (const letGo of [...this.backend.recordings]) letGo();
      this.free(oldest[1].addresses);
      this.kept.delete(oldest[0]);
    }
    const addresses: number[] = [];
    try {
      const entry = this.make(n, (values) => {
        const address = memoryBlocks.allocate(values.byteLength);
        addresses.push(address);
        memoryBlocks.floats.set(values, address / 4);
        return address;
      });
      return {entry, addresses};
    } catch (error) {
      this.free(addresses);
      throw error;
    }
  }

  private free(addresses: readonly number[]): void {
    for (const address of addresses) this.backend.memoryBlocks.free(address);
  }
}

function makePlan(backend: SimdBackend, length: number, store: (values: Float32Array) => number): FftPlan {
  if (length < SHORTEST) {
    const twiddles = store(powersOfW(length, length));
    return {length, inner: 0, twiddles, chirp: 0, spectrum: 0, work: 0};
  }
  if (isPowerOfTwo(length)) {
    const twiddles = store(stockhamTwiddles(length));
    return {length, inner: length, twiddles, chirp: 0, spectrum: 0, work: roomFor(length)};
  }
  const inner = 2 ** Math.ceil(Math.log2(2 * length - 1));
  const twiddles = store(stockhamTwiddles(inner));
  const chirp = chirpOf(length);
  const spectrum = store(new Float32Array(2 * inner));
  const kernel = store(conjugateChirp(chirp, length, inner));
  const own = {length: inner, inner, twiddles, chirp: 0, spectrum: 0, work: roomFor(inner)};
  const call: FftCall = {
    ...{operation: Fft.Complex, from: [kernel, kernel + 4 * inner], to: [spectrum, spectrum + 4 * inner], rows: 1},
    ...{fromLength: inner, toLength: inner, length: inner, edge: 1, inside: 1, turns: 0},
  };
  runFft(backend, own, call, own.work);
  return {length, inner, twiddles, chirp: store(chirp), spectrum, work: 2 * roomFor(inner)};
}

/** The conjugate chirp around 0, in a circle of `inner` numbers. */
function conjugateChirp(chirp: Float32Array, length: number, inner: number): Float32Array {
  const circle = new Float32Array(2 * inner);
  for (let k = 0; k < length; k++)
    for (const at of [k, (inner - k) % inner]) {
      circle[at] = chirp[k];
      circle[inner + at] = -chirp[length + k];
    }
  return circle;
}

interface FftTables {
  plans: Tables<FftPlan>;
  /** For the spectra of so many real numbers: the powers of w up to the middle. */
  turns: Tables<number>;
}

const tablesOf = new WeakMap<SimdBackend, FftTables>();

/** The tables of a backend, made when they are first needed. */
export function fftTables(backend: SimdBackend): FftTables {
  const known = tablesOf.get(backend);
  if (known) return known;
  const tables: FftTables = {
    plans: new Tables(backend, (n, store) => makePlan(backend, n, store)),
    turns: new Tables(backend, (n, store) => store(powersOfW(n, n / 2 + 1))),
  };
  tablesOf.set(backend, tables);
  backend.tables.add(() => {
    tables.plans.clear();
    tables.turns.clear();
  });
  return tables;
}
