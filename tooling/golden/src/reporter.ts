import type {Reporter, SerializedError, TestCase, TestModule} from 'vitest/node';
import {isGoldenSuite} from './suite-name';

/**
 * Vitest's output for golden cases: a line per tensor that is wrong, and last `N passed, N failed`, counted over cases.
 * What else fails (a file that cannot be imported, a leak) is printed and counted as failed too.
 */
export default class GoldenReporter implements Reporter {
  private passed = 0;
  private failed = 0;

  private readonly print: (line: string) => void;

  constructor({print = console.log}: {print?: (line: string) => void} = {}) {
    this.print = print;
  }

  onTestCaseResult(test: TestCase): void {
    const isCase = test.parent.type === 'suite' && isGoldenSuite(test.parent.name);
    const ok = test.result().state === 'passed';
    if (ok && isCase) this.passed++;
    if (!ok) this.fail(test.name, test.result().errors ?? []);
  }

  onTestModuleEnd(module: TestModule): void {
    if (module.errors().length > 0) this.fail(module.relativeModuleId, module.errors());
  }

  onTestRunEnd(_: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    if (unhandledErrors.length > 0) this.fail('outside of the tests', unhandledErrors);
    this.print(`${this.passed} passed, ${this.failed} failed`);
  }

  private fail(where: string, errors: readonly {name?: string; message: string}[]): void {
    this.failed++;
    for (const {name, message} of errors) this.print(name === 'GoldenError' ? message : `${where}: ${message}`);
    if (errors.length === 0) this.print(`${where}: did not run`);
  }
}
