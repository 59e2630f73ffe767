import {createRequire} from 'node:module';
import type {Options} from 'tsup';

const require = createRequire(import.meta.url);

/** A source map of nothing: data would stand in it a second time. */
const emptyMap = Buffer.from(
  JSON.stringify({version: 3, sources: [''], sourcesContent: [''], names: [], mappings: 'AAAA'}),
);

/**
 * Takes the data of a development dependency (`<package>/data/data.js`) into the build as one module that holds it and
 * nothing else: no bundler of a user's has to find the package, read its JSON or its CommonJS.
 */
export const dataModules: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'data-modules',
  setup: ({onLoad}) =>
    onLoad({filter: /node_modules\/.*\/data\/data\.js$/}, ({path}) => {
      const {name, license} = require(path.replace('data/data.js', 'package.json'));
      const contents = `/*! From ${name}, ${license}. */
export default ${JSON.stringify(require(path))};
//# sourceMappingURL=data:application/json;base64,${emptyMap.toString('base64')}`;
      return {contents, loader: 'js'};
    }),
};
