import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import ts from 'typescript';
import {Refusal} from './refusal';
import {architecturesPath} from './registration';
import {camelCase, type PackageNames, renamed, templateFiles} from './template';

/**
 * The names of a new package.
 * @param workspace The folder of the workspace, in which the name must not be taken.
 * @param title Default: the words of the name, each with a capital.
 * @throws Refusal
 */
export function namesFor(workspace: string, name: string, title = titleOf(name)): PackageNames {
  const given = JSON.stringify(name);
  if (!/^[a-z][a-z\d]*(-[a-z\d]+)*$/.test(name))
    throw new Refusal(
      `the name is ${given}, but must be small letters and digits, with - between words: monarch-mixer`,
    );
  for (const path of [`packages/${name}`, `.changeset/${name}.md`])
    if (existsSync(join(workspace, path))) throw new Refusal(`the name ${given} is taken: there is ${path}`);
  if (!/^[\p{L}\d][\p{L}\d .+()-]*$/u.test(title))
    throw new Refusal(`the title is ${JSON.stringify(title)}, but must be letters, digits, spaces and . + - ( ) alone`);
  const names = {name, title};
  const meant = meantOtherwise(names, readFileSync(join(workspace, architecturesPath), 'utf8'));
  if (meant) throw new Refusal(`the name is ${given}, but ${meant} means something else in the code already`);
  return names;
}

const titleOf = (name: string) => name.replace(/(^|-)(.)/g, (_, dash, letter) => (dash && ' ') + letter.toUpperCase());

/** The first of the identifiers that a package would have which is a word of the language or stands for another thing. */
function meantOtherwise(names: PackageNames, architectures: string): string | undefined {
  const factory = camelCase(names.name);
  if (ts.createScanner(ts.ScriptTarget.Latest, true, undefined, factory).scan() !== ts.SyntaxKind.Identifier)
    return factory;
  const files = [...templateFiles(), [architecturesPath, architectures] as const];
  const known = new Set(files.flatMap(([path, text]) => identifiersOf(path, text)));
  return [...known]
    .filter((identifier) => renamed(identifier, names) !== identifier)
    .map((identifier) => renamed(identifier, names))
    .find((identifier) => known.has(identifier));
}

function identifiersOf(path: string, text: string): string[] {
  if (!path.endsWith('.ts')) return [];
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isIdentifier(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}
