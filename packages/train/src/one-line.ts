const longest = 200;

/** A text from outside, as it can stand in a message: line breaks become spaces, and what is too long is cut off. */
export function oneLine(text: string): string {
  // Cut first: somebody may have given a whole book where its path was asked for.
  const line = text.slice(0, longest + 1).replace(/\s+/g, ' ');
  return text.length > longest ? `${line.slice(0, longest)}…` : line;
}
