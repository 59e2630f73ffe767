import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {VariantsError} from '@variants/core';
import '@tensorflow/tfjs-backend-wasm';
import {architectures} from './architectures';
import {compare} from './compare';
import {htmlReport} from './html-report';
import {parseOptions} from './options';
import {formatTable} from './table';

async function main(argv: readonly string[]): Promise<void> {
  const options = parseOptions(
    argv,
    architectures.map(({card}) => card.name),
  );
  const chosen = architectures.filter(({card}) => options.only?.includes(card.name) ?? true);
  const report = await compare(chosen, options);
  const json = JSON.stringify(report, null, 2);
  await mkdir(options.out, {recursive: true});
  const files = {'comparison.json': json, 'comparison.html': htmlReport(report)};
  for (const [name, content] of Object.entries(files)) await writeFile(join(options.out, name), content);
  process.stdout.write(`${options.json ? json : formatTable(report)}\n`);
  process.stderr.write(
    `\nReports: ${Object.keys(files)
      .map((name) => join(options.out, name))
      .join(', ')}\n`,
  );
}

const argv = process.argv.slice(2);
main(argv).catch((error: unknown) => {
  const expected = error instanceof VariantsError || (error as NodeJS.ErrnoException).code !== undefined;
  if (!expected || argv.includes('--debug')) console.error(error);
  else console.error((error as Error).message);
  process.exitCode = 2;
});
