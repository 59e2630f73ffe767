import {EngineError} from '../../errors';
import {relaxedModule, strictModule} from './generated/modules';

/** What the compiled code exports: how jobs are run and, by name, the numbers of the jobs. */
export type EngineExports = {
  run(job: number, args: number, pieces: number, spins: number): number;
  runAlone(job: number, args: number, pieces: number): void;
  replay(list: number, count: number, isAlone: boolean, spins: number): number;
  serve(spins: number, crew: number): void;
  dismiss(spins: number): number;
  setScratch(address: number): void;
} & {[jobNumber: `job${string}`]: () => number};

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * The compiled code, in the build that this machine can run: with relaxed SIMD where there is any, else with strict SIMD.
 * @throws EngineError where WebAssembly has no SIMD or no threads.
 */
export async function compileEngine(): Promise<WebAssembly.Module> {
  await allowRelaxedSimd();
  for (const encoded of [relaxedModule, strictModule]) {
    const bytes = fromBase64(encoded);
    if (WebAssembly.validate(bytes)) return WebAssembly.compile(bytes);
  }
  throw new EngineError('simd: this machine runs no WebAssembly with SIMD and shared memory; take the engine "cpu"');
}

/** Whether this is Node, with its modules. */
export function isNode(): boolean {
  return typeof process !== 'undefined' && process.versions?.node !== undefined;
}

/** Node 20 knows relaxed SIMD, but hides it behind a flag, which may be set before the first module that needs it. */
async function allowRelaxedSimd(): Promise<void> {
  if (!isNode()) return;
  const v8 = await import('node:v8');
  if (Number(process.versions.node.split('.')[0]) < 22) v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
}

/** An instance of the code on a memory; every thread has its own. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): EngineExports {
  return new WebAssembly.Instance(module, {env: {memory}}).exports as unknown as EngineExports;
}
