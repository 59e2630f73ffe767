import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import ts from 'typescript';
import {type PublishedPackage, workspaceDirectory} from './packages';

const folder = '.declarations';

/** Where `writeDeclarations` puts the declarations of a package's source file (`./src/index.ts`). */
export function declarationPath({directory}: PublishedPackage, source: string): string {
  return join(directory, folder, source.replace(/\.ts$/, '.d.ts'));
}

/**
 * Writes the declarations of all packages, a file for each source, into a folder of the package itself, so that they
 * find its dependencies. (Those in `dist` are rolled into one, where a namespace no longer shows what its members are.)
 */
export function writeDeclarations(packages: readonly PublishedPackage[]): void {
  const configuration = ts.getParsedCommandLineOfConfigFile(
    join(workspaceDirectory, 'tsconfig.json'),
    {noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: workspaceDirectory},
    {...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => fail([diagnostic])},
  );
  const sources = packages.flatMap(({directory, entries}) =>
    Object.values(entries).map((source) => join(directory, source)),
  );
  const program = ts.createProgram(sources, configuration?.options ?? {});
  for (const each of packages) writeDeclarationsOf(each, program);
}

function writeDeclarationsOf({directory}: PublishedPackage, program: ts.Program): void {
  for (const file of program.getSourceFiles()) {
    const path = relative(directory, file.fileName);
    if (!path.startsWith('src')) continue;
    const {diagnostics} = program.emit(file, (_, text) =>
      write(join(directory, folder, path.replace(/\.ts$/, '.d.ts')), text),
    );
    if (diagnostics.length > 0) fail(diagnostics);
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), {recursive: true});
  writeFileSync(path, text);
}

function fail(diagnostics: readonly ts.Diagnostic[]): never {
  throw new Error(
    ts.formatDiagnostics(diagnostics, {
      getCurrentDirectory: () => workspaceDirectory,
      getCanonicalFileName: (name) => name,
      getNewLine: () => '\n',
    }),
  );
}
