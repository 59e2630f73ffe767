import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import asc from 'assemblyscript/asc';

/**
 * Compiles the engine's AssemblyScript into `generated/modules.ts`, in two builds as base64 text: with relaxed SIMD and
 * with strict SIMD. Does nothing when the sources are those of the last time.
 *
 *     tsx tooling/assembly/src/build.ts
 */
const engine = resolve(import.meta.dirname, '../../../packages/core/src/engines/simd');
const sources = join(engine, 'assembly');
const output = join(engine, 'generated', 'modules.ts');

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

const hash = sourceHash();
if (!existsSync(output) || !readFileSync(output, 'utf8').includes(hash)) {
  const [strict, relaxed] = [await compile(), await compile('--enable', 'relaxed-simd')];
  mkdirSync(join(engine, 'generated'), {recursive: true});
  writeFileSync(
    output,
    `// Compiled from ../assembly by tooling/assembly, sources ${hash}.
/** The engine's code with SIMD, base64. */
export const strictModule = '${strict}';
/** The engine's code with relaxed SIMD, base64. */
export const relaxedModule = '${relaxed}';
`,
  );
}
