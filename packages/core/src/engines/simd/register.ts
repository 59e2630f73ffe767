import * as tf from '@tensorflow/tfjs';
import {ConfigError} from '../../errors';
import {runningNode} from '../../node';
import {shown} from '../../shown';
import type {SimdBackend} from './backend';
import './einsum-gradient';
import {kernels} from './kernels';
import {EngineMemory} from './memory';
import {RecordingSimdBackend} from './recording';
import {Threads} from './threads';
import {compileEngine} from './wasm';

/** The backend's name in tfjs. */
const SIMD = 'simd';

let wantedThreads: number | undefined;

/** As many threads as the machine has processors, up to eight: beyond, memory is the limit. */
function defaultThreads(): number {
  const processors =
    globalThis.navigator?.hardwareConcurrency ?? runningNode()?.getBuiltinModule('node:os').availableParallelism();
  return Math.min(8, processors ?? 1);
}

/**
 * How many threads the engine works with, the calling one included. Before it starts, or later.
 * @param threads Default: one per processor, at most 8. Where memory cannot be shared (a page that is not cross-origin
 *   isolated) it is always one.
 * @throws ConfigError unless it is a whole number from 1 to 64.
 */
export async function setThreads(threads: number): Promise<void> {
  if (!Number.isInteger(threads) || threads < 1 || threads > 64)
    throw new ConfigError(`simd: threads is ${shown(threads)}, but must be a whole number from 1 to 64`);
  wantedThreads = threads;
  const running = tf.engine().registry[SIMD] as SimdBackend | undefined;
  await running?.threads.start(threads);
}

async function createBackend(): Promise<SimdBackend> {
  const memory = new EngineMemory();
  const threads = new Threads(await compileEngine(), memory);
  await threads.start(wantedThreads ?? defaultThreads());
  return new RecordingSimdBackend(memory, threads);
}

function fallback(kernelName: string): tf.KernelFunc {
  return ({inputs, backend, attrs}) => (backend as SimdBackend).fallback(kernelName, inputs, attrs as object);
}

/** A kernel that leaves nothing behind when it throws; see {@link SimdBackend.runWhole}. */
function whole(kernelFunc: tf.KernelFunc): tf.KernelFunc {
  return (call) => (call.backend as SimdBackend).runWhole(kernelFunc, call);
}

/**
 * Registers the backend and its kernels: those written for it, and tfjs's own CPU kernels for the others. Where another
 * copy of this package has done so, everything stays as it is: kernels of two versions would work on one memory. Called
 * again it brings back a backend that `tf.removeBackend` has removed, whose kernels tfjs keeps.
 */
export function register(): void {
  if (tf.findBackendFactory(SIMD)) return;
  // Below tfjs's own, so that importing the engine does not change what a program runs on.
  tf.registerBackend(SIMD, createBackend, 0);
  if (tf.getKernelsForBackend(SIMD).length > 0) return;
  const own = new Set(kernels.map(({kernelName}) => kernelName));
  for (const kernel of tf.getKernelsForBackend('cpu'))
    if (!own.has(kernel.kernelName))
      tf.registerKernel({...kernel, backendName: SIMD, kernelFunc: whole(fallback(kernel.kernelName))});
  for (const kernel of kernels) tf.registerKernel({...kernel, backendName: SIMD, kernelFunc: whole(kernel.kernelFunc)});
}

register();
