import {existsSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs';

/** Where Debian's package `chromium` keeps the description of a GPU in software. */
const softwareAdapter = '/usr/lib/chromium/vk_swiftshader_icd.json';

const open: {[engine: string]: () => Promise<unknown>} = {
  cpu: async () => undefined,
  simd: () => import('@variants/core/simd'),
  wasm: () => import('@tensorflow/tfjs-backend-wasm'),
  webgpu: openWebGpu,
};

/**
 * Makes an engine the one that tensors live in. In Node webgpu is Dawn, on whatever Vulkan driver VK_ICD_FILENAMES names,
 * and else on a software adapter where the machine has one.
 * @throws Error when there is no such engine, or it does not start.
 */
export async function openEngine(name: string): Promise<void> {
  if (!Object.hasOwn(open, name))
    throw new Error(`there is no engine ${name}; known are ${Object.keys(open).join(', ')}`);
  await open[name]();
  if (!(await tf.setBackend(name))) throw new Error(`the engine ${name} does not start here`);
}

async function openWebGpu(): Promise<void> {
  if (globalThis.navigator?.gpu) return;
  if (process.env.VK_ICD_FILENAMES === undefined && existsSync(softwareAdapter))
    process.env.VK_ICD_FILENAMES = softwareAdapter;
  const {create, globals} = await import('webgpu');
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, 'navigator', {value: {gpu: create([])}, configurable: true});
  if (!(await navigator.gpu.requestAdapter()))
    throw new Error(
      `no GPU is found; VK_ICD_FILENAMES names a driver, such as ${softwareAdapter} of Debian's chromium`,
    );
  await import('@tensorflow/tfjs-backend-webgpu');
}
