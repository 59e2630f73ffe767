const voids = new Set(['meta']);
const tag = /<(?:!doctype html|(\/?)([a-z][a-z0-9-]*)((?:\s+[\w:-]+="[^"<>]*")*)\s*(\/?))>/gi;

/** What is wrong with the tags of a page: nothing when all are closed in order and what is between them is text. */
export function tagErrors(html: string): string[] {
  const errors: string[] = [];
  const open: string[] = [];
  for (const [, closes, name, , closesItself] of html.matchAll(tag)) {
    if (name === undefined || closesItself || voids.has(name)) continue;
    if (!closes) open.push(name);
    else if (open[open.length - 1] === name) open.pop();
    else errors.push(`</${name}> closes <${open[open.length - 1]}>`);
  }
  if (open.length > 0) errors.push(`open at the end: ${open.join(' ')}`);
  const between = html.replace(tag, '').replace(/&(?:amp|lt|gt|quot|nbsp|#x?[\da-f]+);/gi, '');
  for (const [stray] of between.matchAll(/.{0,20}[<&].{0,20}/g)) errors.push(`not escaped: ${stray}`);
  return errors;
}
