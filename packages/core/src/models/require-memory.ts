import * as tf from '@tensorflow/tfjs';
import {EngineError} from '../errors';

/** One WebAssembly memory. */
const simdBytes = 2 ** 32;

const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/**
 * Refuses a model whose weights the engine `simd` cannot hold, before any of them is made.
 * @param architecture Its name, for the message.
 * @param parameters All weights counted once.
 * @throws EngineError that says what fits and why.
 */
export function requireMemory(architecture: string, parameters: number): void {
  const bytes = 4 * parameters;
  if (tf.getBackend() !== 'simd' || bytes < simdBytes) return;
  throw new EngineError(
    `${architecture}: ${parameters.toLocaleString('en')} weights of 4 bytes take ${gibibytes(bytes)}, but the engine simd has one WebAssembly memory of ${gibibytes(simdBytes)}, which must hold activations too; a model of fewer than ${Math.floor(simdBytes / 4).toLocaleString('en')} weights may fit`,
  );
}
