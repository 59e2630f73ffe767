import * as tf from '@tensorflow/tfjs';
import {EngineError} from './errors';

/** Options of {@link start}. */
export interface StartOptions {
  /** A tfjs backend by name. Default: the fastest of those that are registered. */
  engine?: string;
}

/** Backends from the fastest to the slowest. */
const preference = ['webgpu', 'webgl', 'wasm', 'cpu'];

/**
 * Starts the engine that all tensors live in, the fastest one that is registered and works here, and resolves to its name.
 * Import a tfjs backend's package to register it.
 * @throws EngineError when the wanted engine is not registered or none starts.
 */
export async function start({engine}: StartOptions = {}): Promise<string> {
  tf.enableProdMode();
  const registered = Object.keys(tf.engine().registryFactory);
  if (engine !== undefined && !registered.includes(engine))
    throw new EngineError(
      `start: no engine is called ${JSON.stringify(engine)}; registered are ${registered.join(', ')}`,
    );
  const rank = (name: string) => (preference.indexOf(name) + preference.length + 1) % (preference.length + 1);
  const order = engine === undefined ? registered.sort((a, b) => rank(a) - rank(b)) : [engine];
  for (const name of order) if (await tf.setBackend(name).catch(() => false)) return name;
  throw new EngineError(`start: none of the engines ${order.join(', ')} could be started here`);
}
