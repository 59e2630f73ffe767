import {cp, mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {output} from '../run';

/** What a bundler is asked to make of programs of a project. */
interface Bundle {
  /** The project's folder, and the folders of the programs and of the bundle in it. */
  project: string;
  programs: string;
  bundle: string;
  /** The programs' names; the first is what a page loads. */
  entries: readonly [string, ...string[]];
}

/** Builds a page as a project without a configuration does, and returns all that the bundler printed but for its report. */
export type Bundler = (bundle: Bundle) => Promise<string>;

const html = (script: string) =>
  `<!doctype html><meta charset="utf-8"><title>page</title><script type="module" src="${script}"></script>`;

const paths = ({programs, entries}: Bundle) => entries.map((entry) => `./${programs}/${entry}.js`);

/** The page of a bundle whose files have the names of its entries. */
const writePage = ({project, bundle}: Bundle, script: string) =>
  writeFile(join(project, bundle, 'index.html'), html(script));

/** The bundlers of pages, by name. */
export const bundlers: Readonly<Record<string, Bundler>> = {
  async Vite({project, programs, bundle, entries: [page]}) {
    // The page's HTML is Vite's entry; a worker is found in it.
    await writeFile(join(project, programs, 'index.html'), html(`./${page}.js`));
    return output(
      'npx',
      ['vite', 'build', programs, '--outDir', join(project, bundle), '--emptyOutDir', '--logLevel', 'warn'],
      project,
    );
  },
  async webpack(asked) {
    const {project, bundle} = asked;
    // A worker is found in the page's script. What tfjs weighs is no warning of ours.
    const options = ['--mode', 'production', '--no-performance', '--stats', 'errors-warnings'];
    const printed = await output('npx', ['webpack', ...options, '--entry', paths(asked)[0], '-o', bundle], project);
    await writePage(asked, 'main.js');
    return printed;
  },
  async esbuild(asked) {
    const {project, bundle, entries} = asked;
    const options = ['--bundle', '--format=esm', '--log-level=warning', `--outdir=${bundle}`];
    const printed = await output('npx', ['esbuild', ...paths(asked), ...options], project);
    await writePage(asked, `${entries[0]}.js`);
    return printed;
  },
  async Rollup(asked) {
    const {project, bundle, entries} = asked;
    const plugins = ['-p', '@rollup/plugin-node-resolve={browser: true}', '-p', '@rollup/plugin-commonjs'];
    const printed = await output('npx', ['rollup', ...paths(asked), '-d', bundle, '-f', 'es', ...plugins], project);
    await writePage(asked, `${entries[0]}.js`);
    return printed;
  },
};

/** tfjs's files for Node `require` modules of Node's, which esbuild leaves to the program in an ES module. */
const requireForTfjs = `import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);`;

/** Bundles a program for Node with esbuild into one file that stands anywhere, and returns what esbuild printed. */
export function bundleForNode(
  project: string,
  program: string,
  format: 'cjs' | 'esm',
  outfile: string,
): Promise<string> {
  const banner = format === 'esm' ? [`--banner:js=${requireForTfjs}`] : [];
  const options = ['--bundle', '--platform=node', `--format=${format}`, '--log-level=warning', `--outfile=${outfile}`];
  return output('npx', ['esbuild', program, ...options, ...banner], project);
}

/** Puts the programs that are bundled into a project. */
export async function writePrograms(project: string, programs: string): Promise<void> {
  await mkdir(join(project, programs));
  await cp(join(import.meta.dirname, 'programs'), join(project, programs), {recursive: true});
}

/** All that a bundle's files hold. */
export async function textOf(bundle: string): Promise<string> {
  const files = await readdir(bundle, {recursive: true, withFileTypes: true});
  const texts = files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'utf8'));
  return (await Promise.all(texts)).join('\n');
}
