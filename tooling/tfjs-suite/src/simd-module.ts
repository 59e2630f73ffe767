import {fileURLToPath} from 'node:url';

/** The module of the workspace that registers the engine, as a path. */
export const simdModule = fileURLToPath(
  new URL('../../../packages/core/src/engines/simd/register.ts', import.meta.url),
);
