/** A name with its article: a RetNet, an Aft. */
function withArticle(name: string): string {
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}

/** A value as messages show it: at most 100 characters, on one line. Texts are in quotes, or '16' would pass for 16. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (isPromise(value)) return 'a promise, which must be awaited first';
  if (ArrayBuffer.isView(value) && 'length' in value)
    return `${withArticle(value.constructor.name)} of ${value.length}`;
  // JSON has no NaN, no infinity and no BigInt.
  if (typeof value !== 'object' && typeof value !== 'string') return String(value);
  const kind =
    value === null || typeof value === 'string' ? '' : (Object.getPrototypeOf(value)?.constructor?.name ?? '');
  if (!['', 'Object', 'Array'].includes(kind)) return withArticle(kind);
  try {
    const text = JSON.stringify(value);
    return text.length > 100 ? `${text.slice(0, 100)}…` : text;
  } catch {
    return 'an object that contains itself';
  }
}

/** Whether somebody forgot to await a value. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as {then?: unknown}).then === 'function';
}
