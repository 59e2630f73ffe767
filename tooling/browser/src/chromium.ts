import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdir, mkdtemp, readFile, rename, rm} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';

const execute = promisify(execFile);
const packageDirectory = dirname(import.meta.dirname);

/** How a browser's program is started. */
export interface Executable {
  executablePath: string;
  env: NodeJS.ProcessEnv;
}

/** The package unpacks into the temporary folder that it is told, and the libraries only where it believes to be in a cloud. */
const unpack = `
  import chromium from '@sparticuz/chromium';
  await chromium.executablePath();`;

/** Unpacks the Chromium of `@sparticuz/chromium`, once, and returns its folder. */
async function unpacked(): Promise<string> {
  // It exports no manifest.
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const {version} = JSON.parse(await readFile(join(dirname(entry), '../../package.json'), 'utf8'));
  const cache = join(packageDirectory, 'node_modules/.cache');
  const directory = join(cache, `chromium-${version}`);
  if (existsSync(directory)) return directory;
  await mkdir(cache, {recursive: true});
  const staging = await mkdtemp(join(cache, 'unpacking-'));
  try {
    await execute(process.execPath, ['--input-type=module', '--eval', unpack], {
      cwd: packageDirectory,
      env: {...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x'},
      timeout: 60_000,
    });
    // Whoever comes second finds the folder taken, and whole.
    await rename(staging, directory).catch((error: Error) => {
      if (!existsSync(directory)) throw error;
    });
  } finally {
    await rm(staging, {recursive: true, force: true});
  }
  return directory;
}

/**
 * The Chromium that comes from npm, for Linux on x64. It takes the machine's libraries where they are all there, since
 * those fit its C library, and else the ones that came along.
 * @throws Error with what the dynamic linker says when it starts with neither.
 */
export async function npmChromium(): Promise<Executable> {
  const directory = await unpacked();
  const executablePath = join(directory, 'chromium');
  const withLibraries = {...process.env, LD_LIBRARY_PATH: join(directory, 'al2023/lib')};
  try {
    await execute(executablePath, ['--version'], {timeout: 20_000});
    return {executablePath, env: process.env};
  } catch {
    await execute(executablePath, ['--version'], {timeout: 20_000, env: withLibraries});
    return {executablePath, env: withLibraries};
  }
}
