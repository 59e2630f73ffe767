import jasmineRequire from 'jasmine-core/lib/jasmine-core/jasmine.js';

/** What a run of the suite came to. */
export interface SuiteResult {
  passed: number;
  /** A line for each failed spec: its full name and the first thing that was wrong. */
  failures: string[];
}

/** Runs all specs, or those whose full name holds a text. */
export type RunSuite = (filter?: string) => Promise<SuiteResult>;

interface Spec {
  fullName: string;
  status: string;
  failedExpectations: {message: string}[];
}

/**
 * Runs specs of Jasmine, in Node or in a page.
 * @param register Registers them, with Jasmine's functions as globals.
 * @param filter Only specs whose full name holds this text.
 */
export async function runSpecs(register: () => Promise<void>, filter = ''): Promise<SuiteResult> {
  const jasmine = jasmineRequire.core(jasmineRequire);
  const environment = jasmine.getEnv({suppressLoadErrors: true});
  Object.assign(globalThis, jasmineRequire.interface(jasmine, environment));

  const result: SuiteResult = {passed: 0, failures: []};
  environment.addReporter({
    specDone({fullName, status, failedExpectations}: Spec) {
      if (status === 'passed') result.passed++;
      if (status === 'failed')
        result.failures.push(`${fullName}: ${failedExpectations[0]?.message.replaceAll('\n', ' ').slice(0, 300)}`);
    },
  });
  environment.configure({
    random: false,
    autoCleanClosures: true,
    specFilter: (spec: {getFullName(): string}) => spec.getFullName().includes(filter),
  });
  await register();
  await environment.execute();
  return result;
}
