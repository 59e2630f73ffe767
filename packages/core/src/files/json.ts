import {CheckpointError} from '../errors';
import {reasonOf} from './text';

/** The text of UTF-8 bytes; a CheckpointError, beginning with `where`, if they are none. */
export function utf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch (error) {
    throw new CheckpointError(`${where}: is no UTF-8 text`, {cause: error});
  }
}

/** Parses JSON; a CheckpointError, beginning with `where`, if it is none. */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(`${where}: is no JSON (${reasonOf(error)})`, {cause: error});
  }
}

/** Parses JSON in which no object may have a key twice, which JSON.parse would let pass. */
export function parseUniqueJson(text: string, where: string): unknown {
  const value = parseJson(text, where);
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new CheckpointError(`${where}: the name "${twice}" stands there twice`);
  return value;
}

/** Whether a JSON value is an object, not a list and not null. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function endOfString(json: string, start: number): number {
  let i = start + 1;
  while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
  return i;
}

/** The first key that an object of valid JSON has twice. */
function duplicateKey(json: string): string | undefined {
  const keysOfOpenScopes: (Set<string> | null)[] = []; // null: a list
  let keyFollows = false;
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === '{') keysOfOpenScopes.push(new Set());
    else if (character === '[') keysOfOpenScopes.push(null);
    else if (character === '}' || character === ']') keysOfOpenScopes.pop();
    else if (character === '"') {
      const end = endOfString(json, i);
      const keys = keysOfOpenScopes.at(-1);
      if (keys && keyFollows) {
        const key = JSON.parse(json.slice(i, end + 1)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      keyFollows = false;
      i = end;
    }
    if (character === '{' || character === ',') keyFollows = true;
  }
  return undefined;
}
