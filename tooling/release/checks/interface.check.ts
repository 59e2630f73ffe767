import {join} from 'node:path';
import {beforeAll, describe, expect, it} from 'vitest';
import {writeDeclarations} from '../src/declarations';
import {interfaceReport, reportName} from '../src/interface-report';
import {publishedPackages} from '../src/packages';

beforeAll(() => {
  writeDeclarations(publishedPackages);
});

describe.each(publishedPackages)('$name', (published) => {
  it.each(Object.entries(published.entries))(
    'exports from "%s" what its report says (pnpm api:update after a wanted change)',
    async (entry, source) => {
      const report = interfaceReport(published, entry, source);
      await expect(report).toMatchFileSnapshot(join(published.directory, 'etc', reportName(published, entry)));
      expect(undocumentedNames(report)).toEqual([]);
    },
  );
});

/** The exported names that have no description. */
function undocumentedNames(report: string): string[] {
  return [...report.matchAll(/^\/\/ @public.*\(undocumented\)\n(.*)$/gm)].map(([, declaration]) => declaration ?? '');
}
