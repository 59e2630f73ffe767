import {existsSync, readdirSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import type {TestProjectInlineConfiguration, ViteUserConfig} from 'vitest/config';

const groups = ['packages', 'apps', 'tooling'];
const setupFiles = [join(import.meta.dirname, 'setup.ts')];

/**
 * The tests of a workspace: a project for every folder of `packages`, `apps` and `tooling` that has a `test` folder, and
 * one named `golden` for all `*.golden.test.ts`, so that those can be run alone.
 */
export function workspaceTests(workspaceDirectory: string): NonNullable<ViteUserConfig['test']> {
  return {
    // A language model on tfjs's own CPU backend is slow, and a test machine may have two busy cores.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Vitest's default leaves one core free, which on two cores halves the speed.
    maxWorkers: availableParallelism(),
    projects: [...foldersWithTests(workspaceDirectory).map(folderProject), goldenProject(workspaceDirectory)],
  };
}

function foldersWithTests(workspaceDirectory: string): string[] {
  return groups
    .map((group) => join(workspaceDirectory, group))
    .filter((group) => existsSync(group))
    .flatMap((group) => readdirSync(group).map((name) => join(group, name)))
    .filter((folder) => existsSync(join(folder, 'test')));
}

function folderProject(folder: string): TestProjectInlineConfiguration {
  const name = folder.split(/[\\/]/).slice(-2).join('/');
  return {
    extends: true,
    root: folder,
    test: {name, setupFiles, include: ['test/**/*.test.ts'], exclude: ['**/*.golden.test.ts']},
  };
}

function goldenProject(workspaceDirectory: string): TestProjectInlineConfiguration {
  return {
    extends: true,
    root: workspaceDirectory,
    test: {name: 'golden', setupFiles, include: [`{${groups}}/*/test/**/*.golden.test.ts`]},
  };
}
