import {setFlagsFromString} from 'node:v8';

/** Switches relaxed SIMD on where Node has it behind a flag, before the first module that may use it. */
export function allowRelaxedSimd(): void {
  if (Number.parseInt(process.versions.node, 10) < 22) setFlagsFromString('--experimental-wasm-relaxed-simd');
}
