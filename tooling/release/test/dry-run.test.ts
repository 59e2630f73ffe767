import {basename} from 'node:path';
import {describe, expect, it} from 'vitest';
import {dryRun, newVersions} from '../src/dry-run';
import {publishedPackages, workspaceDirectory} from '../src/packages';

const allAt = (version: string) =>
  Object.fromEntries(publishedPackages.map(({directory}) => [basename(directory), version]));

describe('the versions that a change gives', () => {
  const [at, fresh] = ['1.2.3', '0.0.0'];

  it.each([
    ['a fix of core', {core: 'patch'}, {core: '1.2.4'}],
    ['a new thing in core', {core: 'minor'}, {core: '1.3.0'}],
    ['what breaks users of core', {core: 'major'}, allAt('2.0.0')],
    ['a fix of an architecture', {retnet: 'patch'}, {retnet: '1.2.4'}],
    ['a new thing in an architecture', {retnet: 'minor'}, {retnet: '1.3.0'}],
    ['what breaks users of an architecture', {retnet: 'major'}, {retnet: '2.0.0'}],
    ['a new thing in train', {train: 'minor'}, {train: '1.3.0'}],
    ['an architecture and what it needs of core', {core: 'minor', retnet: 'minor'}, {core: '1.3.0', retnet: '1.3.0'}],
  ] as const)('%s', async (_, changes, versions) => {
    expect(await dryRun({changes, version: at})).toEqual(versions);
  });

  it('the first release of all', async () => {
    expect(await dryRun({changes: {core: 'major'}, version: fresh})).toEqual(allAt('1.0.0'));
  });

  it('the first release of an architecture, beside others', async () => {
    const changes = {retnet: 'minor', core: 'minor'} as const;
    const versions = {core: '1.3.0', retnet: '0.1.0'};
    expect(await dryRun({changes, version: at, versions: {retnet: fresh}})).toEqual(versions);
  });
});

it('the changesets that wait for a release can be read', async () => {
  for (const version of Object.values(await newVersions(workspaceDirectory)))
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});
