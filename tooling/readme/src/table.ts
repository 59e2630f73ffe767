import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

/** The cells of the first table below a heading of the package's README, row by row, without the head. */
export function readmeTable(testFileUrl: string, heading: string): string[][] {
  const lines = readFileSync(fileURLToPath(new URL('../README.md', testFileUrl)), 'utf8').split('\n');
  const section = lines.slice(lines.indexOf(heading) + 1);
  const fromTable = section.slice(section.findIndex((line) => line.startsWith('|')));
  const [, , ...rows] = fromTable.slice(
    0,
    fromTable.findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}
