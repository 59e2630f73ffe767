import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {PublishedPackage} from './packages';
import {run} from './run';

/** Makes an empty folder outside the workspace, where nothing of the workspace can be found by accident. */
export function temporaryDirectory(purpose: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `variants-${purpose}-`));
}

/** Packs a built package as it would be published, into `destination`, and returns the path of the tarball. */
export async function pack({directory}: PublishedPackage, destination: string): Promise<string> {
  const report = await run('pnpm', ['pack', '--json', '--pack-destination', destination], directory);
  return JSON.parse(report).filename;
}
