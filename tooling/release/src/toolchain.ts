import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {run} from './run';

/** How a user's TypeScript finds packages. */
export type Resolution = 'bundler' | 'nodenext';

/**
 * Compiles all TypeScript files of a project under `strict`, into its folder `compiled-<resolution>`.
 *
 * @throws Error with the compiler's messages about the project's files and about the packages' own declarations.
 */
export async function compile(project: string, resolution: Resolution): Promise<void> {
  const configuration = `tsconfig.${resolution}.json`;
  const compilerOptions = {
    strict: true,
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
    module: resolution === 'bundler' ? 'esnext' : 'nodenext',
    moduleResolution: resolution,
    types: [],
    outDir: `compiled-${resolution}`,
  };
  await writeFile(join(project, configuration), JSON.stringify({compilerOptions, include: ['*.ts']}));
  await run('npx', ['tsc', '--pretty', 'false', '-p', configuration], project).catch((failure: Error) => {
    const errors = failure.message.split('\n').filter((line) => line.includes('error TS'));
    // Declarations of tfjs itself have errors, which `skipLibCheck` would hide together with any of ours.
    const ours = errors.filter((line) => !/^node_modules\/(?!@variants\/)/.test(line));
    if (errors.length === 0) throw failure;
    if (ours.length > 0) throw new Error(ours.join('\n'));
  });
}

/** Bundles a file of a project for a browser with Vite, and returns the path of the bundle within the project. */
export async function bundle(project: string, file: string): Promise<string> {
  const configuration = `vite.${file}.config.js`;
  const build = {outDir: `bundled-${file}`, lib: {entry: `${file}.ts`, formats: ['es'], fileName: file}};
  await writeFile(join(project, configuration), `export default ${JSON.stringify({build, logLevel: 'warn'})};\n`);
  await run('npx', ['vite', 'build', '--config', configuration], project);
  return `bundled-${file}/${file}.js`;
}

/** Runs a compiled file of a project in Node, and returns what it prints. */
export function runInNode(project: string, path: string): Promise<string> {
  return run(process.execPath, [path], project);
}

/** Runs a bundle of a project as a browser without WebGL would, and returns what it prints. */
export function runAsBrowser(project: string, path: string): Promise<string> {
  return run(process.execPath, ['--import', join(import.meta.dirname, 'browser-globals.js'), path], project);
}
