import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {expect, it} from 'vitest';

/** The cells of the first table below a heading of the package's README, row by row, without the head. */
function readmeTable(testFileUrl: string, heading: string): string[][] {
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

/** What a table of presets says of one: numbers as in 12,345, other cells as they are. */
type Row = readonly (string | number)[];

/**
 * Registers a test that a table of the package's README says of each preset what the code says.
 * @param heading What stands over the table.
 * @param rowOf What the table says of a preset, behind its name.
 */
export function presetTableTest<Preset>(
  testFileUrl: string,
  heading: string,
  presets: {readonly [name: string]: Preset},
  rowOf: (preset: Preset) => Row,
): void {
  it(`the table under ${heading} is that of the code`, () => {
    const inWords = (cell: string | number) => cell.toLocaleString('en');
    const rows = Object.entries(presets).map(([name, preset]) => [name, ...rowOf(preset).map(inWords)]);
    expect(readmeTable(testFileUrl, heading)).toEqual(rows);
  });
}
