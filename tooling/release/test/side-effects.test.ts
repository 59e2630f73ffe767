import {readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {type BuildOptions, build, type Plugin} from 'esbuild';
import {describe, expect, it} from 'vitest';
import {publishedPackages} from '../src/packages';

const entries = publishedPackages.flatMap(({name, directory, entries}) =>
  Object.entries(entries).map(([entry, source]) => ({name: name + entry.slice(1), source: join(directory, source)})),
);

/** Statements of a file that tell tfjs, or the program, of something. */
const registers = /^(?:tf(?:\.\w+)*\.register\w+|register\w*)\(/m;

/** What is loaded later is another program's affair. */
const withoutLazyParts: Plugin = {
  name: 'without-lazy-parts',
  setup: ({onResolve}) =>
    onResolve({filter: /.*/}, ({kind, path}) => (kind === 'dynamic-import' ? {path, external: true} : undefined)),
};

/** The files that esbuild makes a bundle of, with how many of their bytes it keeps. */
async function bundle(entry: Pick<BuildOptions, 'stdin' | 'entryPoints'>, ignoreAnnotations: boolean) {
  const {metafile} = await build({
    ...entry,
    ...{bundle: true, write: false, metafile: true, format: 'esm', ignoreAnnotations},
    external: ['@tensorflow/*', '@variants/*', '@stdlib/*'],
    plugins: [withoutLazyParts],
    absWorkingDir: import.meta.dirname,
    outdir: 'none',
  });
  const kept = Object.values(metafile.outputs).flatMap(({inputs}) => Object.entries(inputs));
  const absolute = (path: string) => resolve(import.meta.dirname, path);
  return {
    read: Object.keys(metafile.inputs).map(absolute),
    kept: kept.filter(([, {bytesInOutput}]) => bytesInOutput > 0).map(([path]) => absolute(path)),
  };
}

describe.each(entries)('$name, from source', ({source}) => {
  it('loses nothing that registers itself to a bundler', async () => {
    const {read} = await bundle({entryPoints: [source]}, true);
    const wanted = read.filter((path) => registers.test(readFileSync(path, 'utf8')));
    expect(wanted.length).toBeGreaterThan(0);
    const stdin = {contents: `import ${JSON.stringify(source)};`, resolveDir: import.meta.dirname};
    const {kept} = await bundle({stdin}, false);
    expect(wanted.filter((path) => !kept.includes(path))).toEqual([]);
  });
});
