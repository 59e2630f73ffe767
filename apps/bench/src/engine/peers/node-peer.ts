/** A peer in a process of its own: `node-peer.ts <library> <threads>`. */

import type {Library} from './computation';
import {allowRelaxedSimd} from './relaxed-simd';
import {serve} from './serve';

const libraries: {[name: string]: (threads: number) => Promise<Library>} = {
  async simd(threads) {
    const {start} = await import('@variants/core');
    await start({engine: 'simd', threads});
    const {engineLibrary} = await import('./simd/operations');
    return engineLibrary(threads);
  },
  async wasm() {
    await import('@tensorflow/tfjs-backend-wasm');
    return tfjsOn('wasm');
  },
  cpu: () => tfjsOn('cpu'),
  fftjs: async () => (await import('./fftjs/operations')).fftjsLibrary,
  async jax() {
    // jax-js looks at what browsers and Node from 21 on have; and takes relaxed SIMD where Node 20 has been told to.
    Object.assign(globalThis, {navigator: globalThis.navigator ?? {}});
    allowRelaxedSimd();
    return (await import('./jax/operations')).jaxLibrary();
  },
};

async function tfjsOn(backend: string): Promise<Library> {
  const tf = await import('@tensorflow/tfjs');
  tf.enableProdMode();
  await tf.setBackend(backend);
  return (await import('./tfjs/operations')).plainTfjs;
}

// Ctrl-C is for the program that asks; it ends this one.
process.on('SIGINT', () => {});
// What a library prints must not be taken for an answer.
console.log = console.info = console.warn = console.error;
const [name, threads] = process.argv.slice(2);
await serve(await libraries[name](Number(threads)), process.stdin, process.stdout);
process.exit();
