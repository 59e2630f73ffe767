import {dirname} from 'node:path';
import ts from 'typescript';

/** A mistake that the compiler finds in a file. */
export interface Mistake {
  file: string;
  /** From 1. */
  line: number;
  message: string;
}

/** Type-checks files as those of the workspace that they lie in, under its tsconfig.json. */
export function typeErrors(files: readonly string[]): Mistake[] {
  const program = ts.createProgram({rootNames: files, options: compilerOptions(dirname(files[0]))});
  return files.flatMap((file) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({start = 0, messageText}) => ({
      file,
      line: (program.getSourceFile(file)?.getLineAndCharacterOfPosition(start).line ?? 0) + 1,
      message: ts.flattenDiagnosticMessageText(messageText, ' '),
    })),
  );
}

function compilerOptions(directory: string): ts.CompilerOptions {
  const path = ts.findConfigFile(directory, ts.sys.fileExists);
  if (path === undefined) throw new Error(`no tsconfig.json in ${directory} or above it`);
  // Its own list of files is not wanted, and takes long to read.
  const host = {...ts.sys, readDirectory: () => [], onUnRecoverableConfigFileDiagnostic: () => {}};
  return ts.getParsedCommandLineOfConfigFile(path, undefined, host)?.options ?? {};
}
