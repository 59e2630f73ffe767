import {existsSync} from 'node:fs';
import {arch, platform} from 'node:os';
import {type Browser, chromium, type LaunchOptions} from 'playwright-core';
import {npmChromium} from './chromium';

const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const offline = ['--disable-background-networking', '--disable-component-update'];

const shared: LaunchOptions = {headless: true, chromiumSandbox: false, args: [...quiet, ...offline], timeout: 30_000};

/** Where Chromium is found besides Chrome, which Playwright looks for itself. */
const chromiumPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** What says how to get a browser where there is none. */
export const noBrowser =
  "left out, the engine's tests in a browser: no Chrome or Chromium is installed here; install one, or set CHROME_PATH to it";

/**
 * Starts a browser without a window: that of CHROME_PATH, else on Linux x64 the one from npm, else an installed Chrome or
 * Chromium. Undefined where there is none to be had.
 * @throws Error when there is one that does not start.
 */
export async function launchBrowser(): Promise<Browser | undefined> {
  if (process.env.CHROME_PATH) return chromium.launch({...shared, executablePath: process.env.CHROME_PATH});
  if (platform() === 'linux' && arch() === 'x64') return chromium.launch({...shared, ...(await npmChromium())});
  return installedBrowser();
}

async function installedBrowser(): Promise<Browser | undefined> {
  const chrome = await chromium.launch({...shared, channel: 'chrome'}).catch((error: Error) => {
    if (!error.message.includes("distribution 'chrome' is not")) throw error;
  });
  if (chrome) return chrome;
  const executablePath = chromiumPaths.find(existsSync);
  return executablePath === undefined ? undefined : chromium.launch({...shared, executablePath});
}
