import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireOptions} from './arguments';
import {engineIsChosen} from './engine-notice';
import {ConfigError, EngineError} from './errors';

/** Options of {@link start}. */
export interface StartOptions {
  /** 'simd', or another tfjs backend by name, such as 'webgpu'. Default: the fastest that works here without a GPU. */
  engine?: string;
  /** Threads of the engine 'simd', this one included. Default: one per processor, at most 8. */
  threads?: number;
}

/**
 * Backends that are taken unasked, from the fastest to the slowest. Those of a GPU are not among them: tfjs's launch
 * hundreds of kernels a step, which takes a model of a size that is trained here ten times as long as `simd` does.
 */
const preference = ['simd', 'wasm', 'cpu'];

/**
 * Starts the engine that all tensors live in and resolves to its name: the one that is asked for, else `simd`, or the next
 * best where that does not start. The CPU engine 'simd' comes along; import a tfjs backend's package to have another, and
 * ask for it. Without this call tfjs takes an engine of its own, and the first model says so.
 * @throws ConfigError for an option; EngineError when the wanted engine is not there or none starts.
 */
export async function start(options: StartOptions = {}): Promise<string> {
  requireOptions('start', options, ['engine', 'threads'], {backend: 'engine'});
  const {engine, threads} = options;
  const isName = engine === undefined || (typeof engine === 'string' && engine !== '');
  requireArgument('start', 'engine', engine, isName, "the name of an engine, such as 'simd'");
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
  const order = engine === undefined ? preference : [engine];
  for (const name of order)
    if (await tf.setBackend(name).catch(() => false)) {
      engineIsChosen();
      return name;
    }
  throw new EngineError(`start: none of the engines ${order.join(', ')} could be started here`);
}
