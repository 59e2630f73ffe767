/** What an example is expected to print: to the character if `exact`, else numbers and white space may be others. */
export interface ExpectedOutput {
  text: string;
  exact: boolean;
}

/** A block of TypeScript of a Markdown page. */
export interface Example {
  /** The line on which it begins, from 1. */
  line: number;
  code: string;
  /** False where the fence says more than ```ts (```ts browser): it is type-checked alone. */
  runs: boolean;
  output?: ExpectedOutput;
}

/**
 * The TypeScript examples of a Markdown page. A block fenced as ```text right behind one is what it prints, compared
 * loosely, or to the character where the fence says ```text exact.
 */
export function examplesOf(markdown: string): Example[] {
  const examples: Example[] = [];
  let last: Example | undefined;
  let end = 0;
  for (const {index, 0: block, 1: fence, 2: code} of markdown.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)) {
    const [language, ...more] = fence.trim().split(/\s+/);
    const isOutput = language === 'text' && markdown.slice(end, index).trim() === '';
    if (last && isOutput) last.output = {text: code, exact: more.includes('exact')};
    const line = markdown.slice(0, index).split('\n').length + 1;
    last = language === 'ts' ? {line, code, runs: more.length === 0} : undefined;
    if (last) examples.push(last);
    end = index + block.length;
  }
  return examples;
}

/** Whether an example printed what its page says. */
export function isExpected(printed: string, {text, exact}: ExpectedOutput): boolean {
  const loose = (output: string) => output.replace(/-?\d[\d,]*(\.\d+)?(e[-+]?\d+)?/gi, '0').replace(/\s+/g, ' ');
  const compared = exact ? (output: string) => output : loose;
  return compared(printed).trim() === compared(text).trim();
}
