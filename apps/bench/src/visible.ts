/** A text without control characters, which a terminal would obey and a page may not hold; line breaks and tabs stay. */
export function visible(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\u2028\u2029]/gu, '\ufffd');
}
