import {existsSync, readdirSync, readFileSync} from 'node:fs';

/**
 * What each package adds to a bundle by itself, minified and compressed, held to the `size-limit` of its `package.json`.
 * Its dependencies and tfjs are not counted: they have limits of their own, or are there already.
 */
export default readdirSync('packages')
  .map((folder) => `packages/${folder}`)
  .filter((folder) => existsSync(`${folder}/package.json`))
  .flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    if (!manifest['size-limit'])
      throw new Error(`${folder}/package.json has no "size-limit": add [{"path": "dist/index.js", "limit": "10 kB"}]`);
    return manifest['size-limit'].map(({path, limit}) => ({
      name: `${manifest.name} ${path}`,
      path: `${folder}/${path}`,
      limit,
      ignore: [...Object.keys({...manifest.dependencies, ...manifest.peerDependencies}), 'node:*'],
      modifyEsbuildConfig: (config) => ({...config, format: 'esm'}),
    }));
  });
