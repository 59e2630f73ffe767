import {readdirSync, readFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import ts from 'typescript';
import {describe, expect, it} from 'vitest';
import {templateFiles} from '../src/template';
import {workspace} from './made-workspace';

// Who knows retnet must know the next package: the template has its rooms, under other names.
const retnet = join(workspace, 'packages/retnet');
const files = templateFiles();

/** A path or a name of retnet as the template has it. */
const pathAsTemplate = (path: string) =>
  path.replaceAll('retnet', 'template-name').replaceAll('retention', 'template-name-mixer');
const nameAsTemplate = (name: string) =>
  name.replace('RetNet', 'TemplateName').replace('retnet', 'templateName').replace('Retention', 'TemplateNameMixer');

/** What users type, tried on one architecture for all; what is made when the mathematics is there. */
const retnetsAlone = /^(test\/(api|padding)\.test\.ts|test\/golden\/.*|etc\/.*)$/;

/** Types of its own mathematics, and what its README says of it. */
const retnetsOwnTypes = ['ChunkNormalizer', 'ChunkwiseOptions', 'RetentionOptions'];
const retnetsOwnHeadings = ['## The forms', '## Measured'];

/** What builds, checks and tests leave in a package, for a while or for good. */
const madeMeanwhile = /(^|\/)(node_modules|dist|reports|\.[^/]*)\//;

const textOf = (path: string) => readFileSync(join(retnet, path), 'utf8');
const templateText = (path: string) => files.get(path) ?? '';

/** What a module exports, types too. */
function exportsOf(source: string): string[] {
  const {statements} = ts.createSourceFile('index.ts', source, ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause))
      return statement.exportClause.elements.map(({name}) => name.text);
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.map(({name}) => (name as ts.Identifier).text);
    return [];
  });
}

describe('the template', () => {
  it("has retnet's files", () => {
    const paths = readdirSync(retnet, {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile())
      .map(({parentPath, name}) => relative(retnet, join(parentPath, name)))
      .filter((path) => !madeMeanwhile.test(path) && !retnetsAlone.test(path));
    expect([...files.keys()].sort()).toEqual(paths.map(pathAsTemplate).sort());
  });

  it("exports what retnet's index exports", () => {
    const wanted = exportsOf(textOf('src/index.ts'))
      .filter((name) => !retnetsOwnTypes.includes(name))
      .map(nameAsTemplate);
    expect(wanted).toEqual(
      expect.arrayContaining(['card', 'fromPretrained', 'layers', 'ops', 'presets', 'templateName']),
    );
    expect(exportsOf(templateText('src/index.ts')).sort()).toEqual(wanted.sort());
  });

  it("has retnet's package.json but for name and description", () => {
    const [wanted, actual] = [textOf('package.json'), templateText('package.json')].map((text) => JSON.parse(text));
    expect(actual.name).toBe('@variants/template-name');
    expect(Object.keys(actual)).toEqual(Object.keys(wanted));
    expect(actual.keywords).toContain('template-name');
    expect({...actual, name: '', description: '', keywords: []}).toEqual({
      ...wanted,
      name: '',
      description: '',
      keywords: [],
    });
  });

  it('is built as retnet is', () => {
    expect(templateText('tsup.config.ts')).toBe(textOf('tsup.config.ts'));
  });

  it("has a README with retnet's headings, but for what was measured", () => {
    const headings = (text: string) => text.match(/^## .*$/gm) ?? [];
    expect(headings(templateText('README.md'))).toEqual(
      headings(textOf('README.md')).filter((heading) => !retnetsOwnHeadings.includes(heading)),
    );
  });

  it('says in every room what is to be replaced', () => {
    const same = /index\.ts|package\.json|tsup\.config\.ts|pack\/model\.ts|memory\.test\.ts|readme\.test\.ts/;
    for (const [path, text] of files) if (!same.test(path)) expect(text, path).toContain('REPLACE: ');
  });
});
