import {EngineError} from '../../errors';
import {runningNode} from '../../node';

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

/** A module of one function that takes one `f32x4.relaxed_madd`. */
export const relaxedProbe = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x10, 0x01, 0x0e, 0x01, 0x01, 0x7b, 0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xfd, 0x85, 0x02, 0x1a, 0x0b],
]);

/**
 * The compiled code, in the build that this machine can run: with relaxed SIMD where there is any, else with strict SIMD.
 * Only that one is loaded.
 * @throws EngineError where WebAssembly has no SIMD or no threads.
 */
export async function compileEngine(): Promise<WebAssembly.Module> {
  allowRelaxedSimd();
  const {code} = await (WebAssembly.validate(relaxedProbe)
    ? import('./generated/relaxed')
    : import('./generated/strict'));
  const bytes = fromBase64(code);
  if (!WebAssembly.validate(bytes))
    throw new EngineError('simd: this machine runs no WebAssembly with SIMD and shared memory; take the engine "cpu"');
  return WebAssembly.compile(bytes);
}

/** Node 20 knows relaxed SIMD, but hides it behind a flag, which may be set before the first module that needs it. */
function allowRelaxedSimd(): void {
  const node = runningNode();
  if (node !== undefined && Number.parseInt(node.versions.node, 10) < 22)
    node.getBuiltinModule('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
}

/** An instance of the code on a memory; every thread has its own. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): EngineExports {
  return new WebAssembly.Instance(module, {env: {memory}}).exports as unknown as EngineExports;
}
