import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {launchBrowser, noBrowser} from './browser';

/** The report that `pnpm start` writes, and the README's picture of it. */
const [report, picture] = ['reports/comparison.html', 'docs/comparison.png'].map((path) =>
  resolve(join(import.meta.dirname, '../../..', path)),
);

/** Takes a picture of the report's table and plots, without the samples behind them. */
async function takePicture(): Promise<void> {
  const browser = await launchBrowser();
  if (browser === undefined) throw new Error(noBrowser);
  try {
    const page = await browser.newPage({
      viewport: {width: 1080, height: 900},
      deviceScaleFactor: 1.5,
      colorScheme: 'light',
    });
    await page.goto(pathToFileURL(report).href);
    const end = await page.locator('h2').first().boundingBox();
    await page.screenshot({
      path: picture,
      fullPage: true,
      clip: {x: 0, y: 0, width: 1080, height: Math.ceil(end?.y ?? 900)},
    });
    console.log(picture);
  } finally {
    await browser.close();
  }
}

await takePicture();
