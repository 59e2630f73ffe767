import {type File, startTests, type Task, type VitestRunner} from '@vitest/runner';

/** What a run of tests came to; the form in which `tooling/tfjs-suite` tells it too. */
export interface TestResult {
  passed: number;
  /** A line for each failed test: its full name and what was wrong. */
  failures: string[];
}

const config: VitestRunner['config'] = {
  root: '/',
  setupFiles: ['setup'],
  name: undefined,
  passWithNoTests: false,
  testNamePattern: undefined,
  allowOnly: false,
  sequence: {seed: 1, hooks: 'stack', setupFiles: 'list'},
  chaiConfig: undefined,
  maxConcurrency: 1,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  retry: 0,
  includeTaskLocation: false,
  tags: [],
  tagsFilter: undefined,
  strictTags: false,
};

/**
 * Runs the tests of a file in this page, under the set-up of the workspace.
 * @param load Imports the file.
 */
export async function runFile(name: string, load: () => Promise<unknown>): Promise<TestResult> {
  const importFile = (_path: string, source: 'collect' | 'setup') =>
    source === 'setup' ? import('../../../vitest/src/setup') : load();
  const files = await startTests([name], {config, importFile});
  const result: TestResult = {passed: 0, failures: []};
  for (const file of files) count(file, '', result);
  return result;
}

function count(task: File | Task, prefix: string, result: TestResult): void {
  const name = `${prefix}${task.name}`;
  const message = task.result?.errors?.[0]?.message;
  if (message !== undefined) result.failures.push(`${name}: ${message}`);
  else if (task.type === 'test' && task.result?.state === 'pass') result.passed++;
  if (task.type === 'suite') for (const child of task.tasks) count(child, `${name} > `, result);
}
