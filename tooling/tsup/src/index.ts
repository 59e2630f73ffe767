import {readFileSync} from 'node:fs';
import type {Options} from 'tsup';
import {dataModules} from './data-modules';
import {entryPoints} from './entry-points';

const entry = entryPoints(JSON.parse(readFileSync('package.json', 'utf8')));

/**
 * The build of the package in the working directory: ES modules and declarations for each entry of its `exports`.
 * Dependencies and peers stay imports.
 *
 * A `tsup.config.ts` imports this by its relative path: tsup leaves imports by package name to Node, which does not read
 * TypeScript.
 */
const packageBuild: Options = {
  entry,
  tsconfig: '../../tsconfig.base.json',
  format: 'esm',
  target: 'es2022',
  removeNodeProtocol: false,
  dts: true,
  sourcemap: true,
  clean: true,
  esbuildPlugins: [dataModules],
  esbuildOptions: (options) => {
    // `sideEffects` of a package.json is about the files in `dist`; of the sources it would drop those imported for an effect.
    options.ignoreAnnotations = true;
  },
};

export default packageBuild;

/** {@link packageBuild} with sources that become files of their own in `dist`, by name; they are no entries of the package. */
export function buildWith(files: Readonly<Record<string, string>>): Options {
  return {...packageBuild, entry: {...entry, ...files}, dts: {entry}};
}
