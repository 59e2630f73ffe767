import {once} from 'node:events';
import {Worker} from 'node:worker_threads';
import asc from 'assemblyscript/asc';
import type {Computation} from '../computation';
import {allowRelaxedSimd} from '../relaxed-simd';

/** As many as an instruction's latency times its throughput need, and as registers hold. */
const accumulators = 10;
/** Multiplications and additions of a turn: 4 numbers in each register. */
const perTurn = accumulators * 4 * 2;

/** A loop of multiply-adds of registers, in AssemblyScript; their sum is returned so that none is left out. */
function source(multiplyAdd: (x: string) => string): string {
  const names = Array.from({length: accumulators}, (_, i) => `x${i}`);
  return `export function run(turns: u32): f32 {
    const scale = f32x4.splat(0.999), shift = f32x4.splat(0.001);
    ${names.map((name, i) => `let ${name} = f32x4.splat(${i}.0);`).join(' ')}
    for (let turn: u32 = 0; turn < turns; turn++) { ${names.map((x) => `${x} = ${multiplyAdd(x)};`).join(' ')} }
    return f32x4.extract_lane(${names.reduce((sum, x) => `f32x4.add(${sum}, ${x})`)}, 0);
  }`;
}

const builds = [
  {source: source((x) => `f32x4.relaxed_madd(${x}, scale, shift)`), flags: ['--enable', 'relaxed-simd']},
  {source: source((x) => `f32x4.add(f32x4.mul(${x}, scale), shift)`), flags: []},
];

async function compile(text: string, flags: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  let binary = new Uint8Array();
  const options = ['source.ts', '-o', 'probe.wasm', '-O3', '--runtime', 'stub', '--enable', 'simd', ...flags];
  const {error} = await asc.main(options, {
    readFile: (name: string) => (name === 'source.ts' ? text : null),
    writeFile(_: string, contents: Uint8Array | string) {
      if (typeof contents !== 'string') binary = Uint8Array.from(contents);
    },
    listFiles: () => [],
  });
  if (error) throw error;
  return binary;
}

/** The loop in the build that the engine has here. */
async function compileHere(): Promise<WebAssembly.Module> {
  allowRelaxedSimd();
  for (const {source, flags} of builds) {
    const binary = await compile(source, flags);
    if (WebAssembly.validate(binary)) return WebAssembly.compile(binary);
  }
  throw new Error('WebAssembly has no SIMD here');
}

const workerSource = `const {parentPort, workerData} = require('node:worker_threads');
const {exports} = new WebAssembly.Instance(workerData);
parentPort.on('message', (turns) => parentPort.postMessage(exports.run(turns)));`;

/**
 * The peak of WebAssembly: multiply-adds of what is in registers, in `threads` threads at once.
 * @param operations As many in all.
 */
export async function multiplyAdd(threads: number, operations: number): Promise<Computation> {
  const module = await compileHere();
  const workers = Array.from(
    {length: threads},
    () => new Worker(workerSource, {eval: true, execArgv: [], workerData: module}),
  );
  const turns = Math.ceil(operations / threads / perTurn);
  const runOn = async (worker: Worker) => {
    worker.postMessage(turns);
    await once(worker, 'message');
  };
  return {
    run: async () => {
      await Promise.all(workers.map(runOn));
    },
    result: async () => [],
    dispose: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
