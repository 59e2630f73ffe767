import type {SuiteResult} from '@variants-tooling/tfjs-suite';
import {afterAll, beforeAll, describe, expect, it, type TestContext} from 'vitest';
import {noBrowser} from './browser';
import {engineTests} from './engine-tests';
import {checks} from './page/checks';
import type {TestResult} from './page/run-file';
import type {PageKind} from './pages';
import {Session} from './session';

/** What the scripts of `scripts.ts` leave in a page. */
interface PageGlobals {
  engine: {runTests(name: string): Promise<TestResult>; runCheck(kind: PageKind, name: string): Promise<void>};
  runSuite(): Promise<SuiteResult>;
}

let session: Session | undefined;

/** The open session; where there is no browser, the test is left out. */
function browser({skip}: TestContext): Session {
  return session ?? skip(noBrowser);
}

function openBrowser(): void {
  beforeAll(async () => {
    session = await Session.open();
    if (session === undefined) console.warn(noBrowser);
  }, 120_000);

  afterAll(() => session?.close());
}

function runChecks(kind: PageKind): void {
  describe(`the engine in a page that is ${kind}`, () => {
    it.for(Object.keys(checks[kind]))('%s', (name, context) =>
      browser(context).inPage(kind, 'engine', (page) =>
        page.evaluate(([kind, name]) => (globalThis as unknown as PageGlobals).engine.runCheck(kind, name), [
          kind,
          name,
        ] as const),
      ),
    );
  });
}

function runTests(kind: PageKind): void {
  describe(`its tests in a page that is ${kind}`, () => {
    it.for(engineTests.map(({name}) => name))('%s', async (name, context) => {
      const result = await browser(context).inPage(kind, 'engine', (page) =>
        page.evaluate((name) => (globalThis as unknown as PageGlobals).engine.runTests(name), name),
      );
      expect(result.failures).toEqual([]);
      expect(result.passed).toBeGreaterThan(0);
    });

    it("tfjs-core's own test suite", async (context) => {
      const result = await browser(context).inPage(kind, 'suite', (page) =>
        page.evaluate(() => {
          // The suite prints what it profiles.
          console.log = () => {};
          return (globalThis as unknown as PageGlobals).runSuite();
        }),
      );
      expect(result.failures).toEqual([]);
      // More than in Node: canvases, files and databases of the browser.
      expect(result.passed).toBeGreaterThan(4300);
    }, 120_000);
  });
}

/** Defines the tests of a file: those of the engine and of tfjs-core in pages of a kind, and checks in pages of several. */
export function browserTests(kind: PageKind, alsoChecked: readonly PageKind[] = []): void {
  openBrowser();
  for (const each of [kind, ...alsoChecked]) runChecks(each);
  runTests(kind);
}
