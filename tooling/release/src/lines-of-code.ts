import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import ts from 'typescript';
import {publishedPackages} from './packages';

/** How many lines of a TypeScript file hold more than comments. */
function linesOfCode(path: string): number {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const parts = node.getChildren(source);
    for (const part of parts) visit(part);
    if (parts.length > 0 || node.getWidth(source) === 0) return;
    const [first, last] = [node.getStart(source), node.end].map((at) => source.getLineAndCharacterOfPosition(at).line);
    for (let line = first; line <= last; line++) lines.add(line);
  };
  visit(source);
  return lines.size;
}

/** Those of all sources in a folder; what is generated is not checked in, and does not count. */
function linesBelow(folder: string): number {
  const files = readdirSync(folder, {recursive: true, encoding: 'utf8'});
  const sources = files.filter((file) => file.endsWith('.ts') && !file.includes('generated'));
  return sources.reduce((sum, file) => sum + linesOfCode(join(folder, file)), 0);
}

const counts = publishedPackages.map(({name, directory}) => ({name, lines: linesBelow(join(directory, 'src'))}));
for (const {name, lines} of counts) console.log(`${String(lines).padStart(7)} ${name}`);
const outside = counts.filter(({name}) => name !== '@variants/core').reduce((sum, {lines}) => sum + lines, 0);
console.log(`${String(outside).padStart(7)} outside of core`);
