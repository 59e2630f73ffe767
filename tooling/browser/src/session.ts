import type {Browser, Page} from 'playwright-core';
import {launchBrowser} from './browser';
import {type PageKind, Pages} from './pages';
import {pageScripts} from './scripts';

/** A browser and the pages with tests that it can open. */
export class Session {
  private constructor(
    private readonly browser: Browser,
    private readonly pages: Pages,
  ) {}

  /** Undefined where there is no browser. */
  static async open(): Promise<Session | undefined> {
    const browser = await launchBrowser();
    if (browser === undefined) return undefined;
    try {
      return new Session(browser, await Pages.serve(await pageScripts()));
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /**
   * Opens a fresh page, runs a function in it and closes it.
   * @throws Error with what the function throws, or when the page crashes.
   */
  async inPage<Result>(
    kind: PageKind,
    script: 'engine' | 'suite',
    run: (page: Page) => Promise<Result>,
  ): Promise<Result> {
    const page = await this.browser.newPage();
    try {
      await page.goto(this.pages.url(kind, script));
      return await run(page);
    } finally {
      await page.close();
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.pages.close();
  }
}
