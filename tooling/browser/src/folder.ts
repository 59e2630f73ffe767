import {readFile} from 'node:fs/promises';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {extname, join, normalize} from 'node:path';
import type {Browser} from 'playwright-core';
import {headers, type PageKind} from './pages';

/** What came of a page. */
export interface PageReport {
  /** What the page's script promised in the global `result`. */
  result: unknown;
  /** What the browser's console holds that is no plain output: warnings, errors, what was thrown. */
  complaints: string[];
}

const types: Record<string, string> = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8'};

/** Serves the files of a folder as pages of a kind, on this machine alone. */
async function serve(folder: string, kind: PageKind): Promise<Server> {
  const server = createServer(async ({url = '/'}, response) => {
    const path = join(folder, normalize(url === '/' ? '/index.html' : url));
    const content = await readFile(path).catch(() => undefined);
    // Browsers ask for it unasked.
    if (content === undefined) response.writeHead(url === '/favicon.ico' ? 204 : 404).end();
    else response.writeHead(200, {...headers[kind], 'content-type': types[extname(path)] ?? ''}).end(content);
  });
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve));
  return server;
}

/**
 * Opens a folder's index.html in a browser and waits for what its script puts into the global `result`.
 * @throws Error with what the page throws, or when nothing has come of it after two minutes.
 */
export async function runFolder(browser: Browser, folder: string, kind: PageKind): Promise<PageReport> {
  const server = await serve(folder, kind);
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'log') complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`));
  try {
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('"result" in globalThis', undefined, {timeout: 120_000});
    return {result: await page.evaluate('globalThis.result'), complaints};
  } catch (error) {
    throw new Error([String(error), ...complaints].join('\n'));
  } finally {
    await page.close();
    server.close();
    server.closeAllConnections();
  }
}
