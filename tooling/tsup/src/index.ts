import {readFileSync} from 'node:fs';
import type {Options} from 'tsup';
import {entryPoints} from './entry-points';

/**
 * The build of the package in the working directory: ES modules and declarations for each entry of its `exports`.
 * Dependencies and peers stay imports.
 *
 * A `tsup.config.ts` imports this by its relative path: tsup leaves imports by package name to Node, which does not read
 * TypeScript.
 */
const packageBuild: Options = {
  entry: entryPoints(JSON.parse(readFileSync('package.json', 'utf8'))),
  tsconfig: '../../tsconfig.base.json',
  format: 'esm',
  target: 'es2022',
  removeNodeProtocol: false,
  dts: true,
  sourcemap: true,
  clean: true,
  esbuildOptions: (options) => {
    // `sideEffects` of a package.json is about the files in `dist`; of the sources it would drop those imported for an effect.
    options.ignoreAnnotations = true;
  },
};

export default packageBuild;
