/** A shape as it stands in messages: [2, 3]. */
export function shapeText(shape: readonly (number | null)[]): string {
  return `[${shape.join(', ')}]`;
}

/** The first three of a list for a message, and how many more there are. */
export function firstThree(items: readonly string[], separator = ', '): string {
  const more = items.length > 3 ? `${separator}and ${items.length - 3} more` : '';
  return items.slice(0, 3).join(separator) + more;
}

/** The first line of what was thrown, and of what caused it, where that is told (fetch only says that it failed). */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${reasonOf(error.cause)}` : '';
  return error.message.split('\n')[0] + cause;
}
