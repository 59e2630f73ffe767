/** A block of TypeScript of a Markdown page. */
export interface Example {
  /** The line on which it begins, from 1. */
  line: number;
  code: string;
}

/** The blocks fenced as ```ts of a Markdown page. Blocks with more than that on the fence (```ts browser) are left out. */
export function examplesOf(markdown: string): Example[] {
  const examples: Example[] = [];
  let open: Example | undefined;
  for (const [i, text] of markdown.split('\n').entries()) {
    if (open && text.startsWith('```')) {
      examples.push(open);
      open = undefined;
    } else if (open) open.code += `${text}\n`;
    else if (text.trim() === '```ts') open = {line: i + 2, code: ''};
  }
  return examples;
}
