import {join} from 'node:path';
import {beforeAll, describe, expect, it} from 'vitest';
import {writeDeclarations} from '../src/declarations';
import {interfaceReport, reportName} from '../src/interface-report';
import {publishedPackages} from '../src/packages';

const entries = publishedPackages.flatMap((published) =>
  Object.entries(published.entries).map(([entry, source]) => ({name: published.name, published, entry, source})),
);

beforeAll(() => {
  writeDeclarations(publishedPackages);
});

describe.each(entries)('$name, entry $entry', ({published, entry, source}) => {
  let report: string;

  beforeAll(() => {
    report = interfaceReport(published, entry, source);
  });

  it('exports what its report says (pnpm api:update after a wanted change)', async () => {
    await expect(report).toMatchFileSnapshot(join(published.directory, 'etc', reportName(published, entry)));
  });

  it('describes every public name', () => {
    expect(undocumentedNames(report)).toEqual([]);
  });
});

/** The exported declarations that have no description. */
function undocumentedNames(report: string): string[] {
  return [...report.matchAll(/^\/\/ @public.*\(undocumented\)\n(.*)$/gm)].map(([, declaration]) => declaration ?? '');
}
