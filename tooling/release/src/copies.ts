import ts from 'typescript';

/** A source file, and the package that it belongs to. */
export interface SourceFile {
  readonly package: string;
  readonly path: string;
  readonly text: string;
}

/** The same code in two packages: where it begins and ends in each. */
export interface Copy {
  readonly first: Place;
  readonly second: Place;
}

/** Lines of a file, from the first to the last. */
interface Place {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly lastLine: number;
}

/** A word or a sign; all names are the same one. */
interface Token {
  readonly text: string;
  readonly line: number;
}

/** A file's tokens, comments and imports aside. */
interface Scanned extends SourceFile {
  readonly tokens: readonly Token[];
}

/**
 * The code that stands in two packages: `leastTokens` tokens or more, from the beginning of a line on, that are the same
 * but for names. Comments and imports do not count.
 */
export function copiesAcrossPackages(files: readonly SourceFile[], leastTokens: number): Copy[] {
  const seen = new Map<string, {file: Scanned; at: number}>();
  const copies: Copy[] = [];
  for (const file of files.map(scan)) {
    let end = 0;
    for (let at = 0; at + leastTokens <= file.tokens.length; at++) {
      if (at < end || !beginsLine(file, at)) continue;
      const key = textFrom(file, at, leastTokens);
      const before = seen.get(key);
      if (!before) seen.set(key, {file, at});
      else if (before.file.package !== file.package) {
        let length = leastTokens;
        while (sameToken(before.file, before.at + length, file, at + length)) length++;
        copies.push({first: place(before.file, before.at, length), second: place(file, at, length)});
        end = at + length;
      }
    }
  }
  return copies;
}

function scan(file: SourceFile): Scanned {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest);
  const tokens: Token[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isJSDoc(node)) return;
    const parts = node.getChildren(source);
    for (const part of parts) visit(part);
    const text = ts.isIdentifier(node) ? 'name' : node.getText(source);
    if (parts.length === 0 && text !== '')
      tokens.push({text, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1});
  };
  visit(source);
  return {...file, tokens};
}

const beginsLine = ({tokens}: Scanned, at: number) => at === 0 || tokens[at - 1].line < tokens[at].line;

const textFrom = ({tokens}: Scanned, at: number, length: number) =>
  tokens
    .slice(at, at + length)
    .map(({text}) => text)
    .join(' ');

const sameToken = (a: Scanned, i: number, b: Scanned, j: number) =>
  i < a.tokens.length && a.tokens[i].text === b.tokens[j]?.text;

const place = ({path, tokens}: Scanned, at: number, length: number): Place => ({
  path,
  line: tokens[at].line,
  lastLine: tokens[at + length - 1].line,
});
