import type {GenerateSettings} from './generate-options';

/** What ends a generation, sorted by what it is looked for in. */
export interface StopSequences {
  /** Texts, in which a special token is its mark. */
  texts: string[];
  /** Texts that only a tokenizer's text can hold, as they were given. */
  plainTexts: string[];
  /** Lists of ids. */
  tokens: (readonly number[])[];
  /** What stands in the text for special tokens that a text names beside others, by their ids. */
  marks: ReadonlyMap<number, string>;
}

/** The first of the 1,024 halves of pairs, none of which stands in decoded text. */
const FIRST_MARK = 0xdc00;

/**
 * Sorts the stops. Special tokens have no text, so a text that is the name of one is its id; in a text that holds a name
 * among other characters, and in the text that is generated, a character that no text has stands for it.
 */
export function stopSequences({stop, tokenizer}: Pick<GenerateSettings, 'stop' | 'tokenizer'>): StopSequences {
  const special = tokenizer?.specialTokens ?? new Map<string, number>();
  const texts = stop.filter((value) => typeof value === 'string');
  const named = texts.flatMap((text) => special.get(text) ?? []).map((id) => [id]);
  const marks = new Map<number, string>();
  const marked = texts.map((text) => withMarks(text, special, marks));
  return {
    texts: [...new Set([...texts, ...marked])],
    plainTexts: texts.filter((text) => !special.has(text)),
    tokens: [...stop.filter((value) => typeof value !== 'string').map(idsOf), ...named],
    marks,
  };
}

const idsOf = (stop: number | ArrayLike<number>): number[] => (typeof stop === 'number' ? [stop] : Array.from(stop));

/** A text with marks for the names in it; the longest names come first, as they may begin with others. */
function withMarks(text: string, special: ReadonlyMap<string, number>, marks: Map<number, string>): string {
  const names = [...special].filter(([name]) => name !== '' && text !== name && text.includes(name));
  let marked = text;
  for (const [name, id] of names.sort(([a], [b]) => b.length - a.length)) {
    if (!marks.has(id)) marks.set(id, String.fromCharCode(FIRST_MARK + (marks.size % 1024)));
    marked = marked.replaceAll(name, marks.get(id) as string);
  }
  return marked;
}
