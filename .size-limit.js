import {existsSync, readdirSync, readFileSync} from 'node:fs';

/** What is loaded later, if at all, is a file of its own. */
const withoutLazyParts = {
  name: 'without-lazy-parts',
  setup: ({onResolve}) =>
    onResolve({filter: /.*/}, ({kind, path}) => (kind === 'dynamic-import' ? {path, external: true} : undefined)),
};

/**
 * What each package adds to a page by itself, minified and compressed, held to the `size-limit` of its `package.json`.
 * Its dependencies and tfjs are not counted: they have limits of their own, or are there already. Nor is what a file loads
 * later with `import()`: a `path` that is a list counts several files together.
 */
export default readdirSync('packages')
  .map((folder) => `packages/${folder}`)
  .filter((folder) => existsSync(`${folder}/package.json`))
  .flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    if (!manifest['size-limit'])
      throw new Error(`${folder}/package.json has no "size-limit": add [{"path": "dist/index.js", "limit": "10 kB"}]`);
    return manifest['size-limit'].map(({path, limit}) => ({
      name: `${manifest.name} ${[path].flat().join(' + ')}`,
      path: [path].flat().map((file) => `${folder}/${file}`),
      limit,
      ignore: [...Object.keys({...manifest.dependencies, ...manifest.peerDependencies}), 'node:*'],
      modifyEsbuildConfig: (config) => ({...config, format: 'esm', plugins: [withoutLazyParts]}),
    }));
  });
