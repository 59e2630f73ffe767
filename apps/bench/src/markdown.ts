/** A table in Markdown, whose first column is left-aligned and whose others are right-aligned. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** A page in which a text stands between `<!-- measured NAME -->` and `<!-- /measured -->`, instead of what stood there. */
export function withMeasured(page: string, name: string, text: string): string {
  return page.replace(
    new RegExp(`(<!-- measured ${name} -->\\n).*?(<!-- /measured -->)`, 's'),
    (_, start: string, end: string) => `${start}\n${text}\n\n${end}`,
  );
}
