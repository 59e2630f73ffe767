import {EngineError} from '../../errors';
import {runningNode} from '../../node';
import type {EngineMemory} from './memory';
import {ACTIVE_ADDRESS, ARGUMENTS_ADDRESS, CREW_ADDRESS} from './memory-layout';
import {type EngineExports, instantiate} from './wasm';

/** Turns of a waiting loop before a worker goes to sleep: some 50 microseconds. */
const WORKER_SPINS = 20_000;

/** Turns to wait for other threads' last pieces: some seconds, far beyond any piece. */
const PATIENCE = 2_000_000_000;

/**
 * Work below this many multiplications is done before another thread would be awake, and before the parts of a matrix that
 * it made are back in this thread's cache.
 */
const WORTH_SHARING = 400_000;

/** Bytes of a thread's own memory; see `assembly/runtime.ts`. */
const SCRATCH_BYTES = 262144;

const workerSource = (port: string) => `${port}
  const {exports} = new WebAssembly.Instance(module, {env: {memory}});
  exports.setScratch(scratch);
  exports.serve(${WORKER_SPINS}, crew);`;

/** A call of {@link Threads.run}, as it is kept to be run again. */
export interface RecordedJob {
  job: number;
  args: readonly number[];
  pieces: number;
  isShared: boolean;
}

/** Runs jobs on a memory, on this thread and on workers that share it. */
export class Threads {
  /** Is told of every job that is run. */
  listener: ((job: RecordedJob) => void) | null = null;
  private readonly code: EngineExports;
  private readonly jobs = new Map<string, number>();
  private crew: EngineWorker[] = [];
  private workers = 0;
  private scratches: number[] = [];

  constructor(
    private readonly module: WebAssembly.Module,
    private readonly blocks: EngineMemory,
  ) {
    this.code = instantiate(module, blocks.memory);
    this.code.setScratch(blocks.allocate(SCRATCH_BYTES));
  }

  private get memory(): WebAssembly.Memory {
    return this.blocks.memory;
  }

  /** Threads that jobs are shared among, this one included. */
  get count(): number {
    return this.workers + 1;
  }

  /**
   * Runs a job: pieces 0 .. pieces-1 of it, each once.
   * @param name Of the function that exports its number: `jobGemm`.
   * @param args 32-bit values that the job's task is made of.
   * @param pieces How many there are; the job's own affair what each is.
   * @param work About how many multiplications all of them are.
   */
  run(name: `job${string}`, args: readonly number[], pieces: number, work: number): void {
    const {ints} = this.blocks;
    for (let i = 0; i < args.length; i++) ints[ARGUMENTS_ADDRESS / 4 + i] = args[i];
    const job = this.jobNumber(name);
    const isShared = pieces > 1 && work >= WORTH_SHARING;
    this.listener?.({job, args, pieces, isShared});
    if (this.workers === 0 || !isShared) this.code.runAlone(job, ARGUMENTS_ADDRESS, pieces);
    else if (!this.code.run(job, ARGUMENTS_ADDRESS, pieces, PATIENCE)) this.fail();
  }

  /** Runs `count` jobs of a list in memory, one after the other; see `assembly/runtime.ts` for its layout. */
  replay(list: number, count: number): void {
    if (!this.code.replay(list, count, this.workers === 0, PATIENCE)) this.fail();
  }

  /**
   * Starts workers until jobs are shared among `threads`. They take part as soon as they are there; where none can be
   * started (a page that is not cross-origin isolated) this thread works alone.
   */
  async start(threads: number): Promise<void> {
    this.stop();
    if (threads < 2) return;
    if (!canShareMemory()) return noticeOneThread();
    const spawn = typeof Worker === 'undefined' ? nodeWorkers() : browserWorkers();
    if (spawn === undefined) return;
    const ints = new Int32Array(this.memory.buffer);
    // After a failure it would never come back to 0.
    ints[ACTIVE_ADDRESS / 4] = 0;
    const crew = ints[CREW_ADDRESS / 4];
    this.crew = Array.from({length: threads - 1}, (_, i) =>
      spawn({module: this.module, memory: this.memory, scratch: this.scratchOf(i), crew}, () => {
        this.workers = Math.max(0, this.workers - 1);
      }),
    );
    this.workers = this.crew.length;
  }

  /**
   * Sends the workers home; this thread goes on alone. They end by themselves, when they see that they are dismissed: a
   * browser takes its time (seconds) to end one from outside, in which it would go on to take pieces.
   */
  stop(): void {
    this.dismiss(PATIENCE);
  }

  private dismiss(patience: number): void {
    for (const worker of this.crew) worker.forget();
    if (this.crew.length > 0 && !this.code.dismiss(patience)) {
      for (const worker of this.crew) worker.terminate();
      // Whoever hangs may still write there.
      this.scratches = [];
    }
    this.crew = [];
    this.workers = 0;
  }

  /** Memory of worker `i`'s own. It stays its place's when the worker ends, for the next one. */
  private scratchOf(i: number): number {
    this.scratches[i] ??= this.blocks.allocate(SCRATCH_BYTES);
    return this.scratches[i];
  }

  private jobNumber(name: `job${string}`): number {
    const known = this.jobs.get(name);
    if (known !== undefined) return known;
    const number = this.code[name]();
    this.jobs.set(name, number);
    return number;
  }

  private fail(): never {
    this.dismiss(0);
    throw new EngineError('simd: a worker thread did not finish its work; the engine goes on with one thread');
  }
}

interface WorkerData {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  scratch: number;
  crew: number;
}

interface EngineWorker {
  /** Whether it lives or dies is of no more interest. */
  forget(): void;
  terminate(): void;
}

/** Starts a worker; `ended` is called if it dies. */
type Spawn = (data: WorkerData, ended: () => void) => EngineWorker;

function canShareMemory(): boolean {
  const isPage =
    typeof window !== 'undefined' ||
    typeof (globalThis as {WorkerGlobalScope?: unknown}).WorkerGlobalScope !== 'undefined';
  return !isPage || (globalThis as {crossOriginIsolated?: boolean}).crossOriginIsolated === true;
}

let isNoticed = false;

/** Says once why a page has one thread. */
function noticeOneThread(): void {
  if (isNoticed) return;
  isNoticed = true;
  console.warn(
    'simd: runs with one thread, as this page is not cross-origin isolated; serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp to have more',
  );
}

function nodeWorkers(): Spawn | undefined {
  const modules = runningNode()?.getBuiltinModule('node:worker_threads');
  if (modules === undefined) return undefined;
  const source = workerSource(`const {workerData: {module, memory, scratch, crew}} = require('node:worker_threads');`);
  return (workerData, ended) => {
    const worker = new modules.Worker(source, {eval: true, workerData});
    // A program that has ended must not wait for its engine.
    worker.unref();
    worker.on('error', ended);
    worker.on('exit', ended);
    return {forget: () => worker.removeAllListeners(), terminate: () => void worker.terminate()};
  };
}

function browserWorkers(): Spawn {
  const source = `onmessage = ({data: {module, memory, scratch, crew}}) => {${workerSource('')} close();}`;
  const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
  return (data, ended) => {
    const worker = new Worker(url);
    worker.onerror = ended;
    worker.postMessage(data);
    return {
      forget: () => {
        worker.onerror = null;
      },
      terminate: () => worker.terminate(),
    };
  };
}
