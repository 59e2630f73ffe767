/** What a backslash and one letter stand for in a Python literal. */
const escapes: {readonly [letter: string]: number} = {
  '\\': 0x5c,
  "'": 0x27,
  '"': 0x22,
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};

/** Hexadecimal digits behind a backslash and one letter. */
const hexLengths: {readonly [letter: string]: number} = {x: 2, u: 4, U: 8};

/**
 * The bytes of a Python string or bytes literal, as `repr` writes them: of a string in UTF-8. Nothing is evaluated.
 * @returns undefined where it is no such literal.
 */
export function bytesOfLiteral(literal: string): Uint8Array | undefined {
  const [, prefix, quote, body] = literal.match(/^(b?)(['"])(.*)\2$/s) ?? [];
  if (body === undefined) return undefined;
  const isBytes = prefix === 'b';
  const codes: number[] = [];
  for (let i = 0; i < body.length; ) {
    const code = body.codePointAt(i) as number;
    i += code > 0xffff ? 2 : 1;
    if (body[i - 1] === quote) return undefined;
    if (code !== 0x5c) {
      codes.push(code);
      continue;
    }
    const letter = body[i++];
    const digits = isBytes && letter !== 'x' ? undefined : hexLengths[letter];
    const hex = digits && body.slice(i, i + digits);
    const value = hex ? hexValue(hex, digits) : escapes[letter];
    if (value === undefined) return undefined;
    i += digits ?? 0;
    codes.push(value);
  }
  if (isBytes) return codes.every((code) => code < 256) ? Uint8Array.from(codes) : undefined;
  return codes.every(isCharacter)
    ? new TextEncoder().encode(codes.map((code) => String.fromCodePoint(code)).join(''))
    : undefined;
}

const hexValue = (hex: string, digits: number) =>
  hex.length === digits && /^[0-9a-fA-F]+$/.test(hex) ? Number.parseInt(hex, 16) : undefined;

/** Whether UTF-8 has the code point: no half of a pair. */
const isCharacter = (code: number) => code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
