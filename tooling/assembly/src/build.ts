import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import asc from 'assemblyscript/asc';

/**
 * Compiles the engine's AssemblyScript into `generated/relaxed.ts` and `generated/strict.ts`: two builds, with relaxed SIMD
 * and with strict SIMD, a module each, as the engine loads only one. Does nothing when the sources are those of the last
 * time.
 *
 *     tsx tooling/assembly/src/build.ts
 */
const engine = resolve(import.meta.dirname, '../../../packages/core/src/engines/simd');
const sources = join(engine, 'assembly');
const output = join(engine, 'generated');

/** What each build is compiled with besides the options of both. */
const builds = {relaxed: ['--enable', 'relaxed-simd'], strict: []};

const options = [
  ...['--runtime', 'stub', '--noAssert', '-O3', '--zeroFilledMemory', '--use', 'abort='],
  ...['--enable', 'simd', '--enable', 'threads', '--importMemory', '--sharedMemory'],
  // The memory is the engine's own; the code's constants lie above the fields of `memory-layout.ts`.
  ...['--initialMemory', '1', '--maximumMemory', '65536', '--memoryBase', '8192'],
];

function sourceHash(): string {
  const hash = createHash('sha256').update(options.join());
  for (const file of readdirSync(sources).sort()) hash.update(file).update(readFileSync(join(sources, file)));
  hash.update(readFileSync(import.meta.filename));
  return hash.digest('hex');
}

async function compile(...more: string[]): Promise<string> {
  let binary: Uint8Array | undefined;
  const {error, stderr} = await asc.main(['index.ts', '--baseDir', sources, '-o', 'engine.wasm', ...options, ...more], {
    writeFile: (_name: string, contents: Uint8Array | string) => {
      if (typeof contents !== 'string') binary = contents;
    },
  });
  if (error || !binary) throw new Error(`AssemblyScript: ${stderr.toString() || error?.message}`);
  return Buffer.from(binary).toString('base64');
}

/**
 * A source map without the code, base64, for a generated module to carry. A bundler writes this one into its own; of a
 * module without any it would repeat the whole text there.
 */
function emptyMap(build: string): string {
  const map = {version: 3, sources: [`${build}.ts`], sourcesContent: [''], names: [], mappings: 'AAAA'};
  return Buffer.from(JSON.stringify(map)).toString('base64');
}

const hash = sourceHash();
mkdirSync(output, {recursive: true});
for (const [build, more] of Object.entries(builds)) {
  const file = join(output, `${build}.ts`);
  if (existsSync(file) && readFileSync(file, 'utf8').includes(hash)) continue;
  writeFileSync(
    file,
    `// Compiled from ../assembly by tooling/assembly, sources ${hash}.
/** The engine's code with ${build} SIMD, base64. */
export const code = '${await compile(...more)}';
//# sourceMappingURL=data:application/json;base64,${emptyMap(build)}
`,
  );
}
