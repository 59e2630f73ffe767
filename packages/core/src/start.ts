import * as tf from '@tensorflow/tfjs';
import {ConfigError, EngineError} from './errors';

/** Options of {@link start}. */
export interface StartOptions {
  /** 'simd', or another tfjs backend by name. Default: the fastest that works here. */
  engine?: string;
  /** Threads of the engine 'simd', this one included. Default: one per processor, at most 8. */
  threads?: number;
}

/** Backends from the fastest to the slowest; those that are not listed come last. */
const preference = ['webgpu', 'simd', 'webgl', 'wasm', 'cpu'];

const rank = (name: string) => (preference.includes(name) ? preference.indexOf(name) : preference.length);

/**
 * Starts the engine that all tensors live in and resolves to its name: the one that is asked for, else the fastest that
 * works here. The CPU engine 'simd' comes along; import a tfjs backend's package to have another.
 * @throws EngineError when the wanted engine is not there or none starts.
 */
export async function start({engine, threads}: StartOptions = {}): Promise<string> {
  tf.enableProdMode();
  // Loaded when it may be needed, so that a page on another engine does not carry it.
  const simd = engine === undefined || engine === 'simd' ? await import('./engines/simd/register') : undefined;
  simd?.register();
  const registered = Object.keys(tf.engine().registryFactory);
  if (engine !== undefined && !registered.includes(engine))
    throw new EngineError(
      `start: no engine is called ${JSON.stringify(engine)}; registered are ${[...new Set(['simd', ...registered])].join(', ')}`,
    );
  if (threads !== undefined) {
    if (!simd) throw new ConfigError(`start: threads is for the engine simd; ${engine} takes none`);
    await simd.setThreads(threads);
  }
  const order = engine === undefined ? registered.sort((a, b) => rank(a) - rank(b)) : [engine];
  for (const name of order) if (await tf.setBackend(name).catch(() => false)) return name;
  throw new EngineError(`start: none of the engines ${order.join(', ')} could be started here`);
}
