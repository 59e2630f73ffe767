/** Names are compared without what spellings differ in: max_tokens is maxTokens. */
const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Letters to change, add or leave out to make one text of the other (Levenshtein 1966). */
function distance(a: string, b: string): number {
  let row = Array.from({length: b.length + 1}, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const change = row[j] + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(change, row[j + 1] + 1, next[j] + 1));
    }
    row = next;
  }
  return row[b.length];
}

/** The known name that somebody may have meant by another: a third of its letters may be wrong. Undefined without one. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = plain(name);
  const [best] = known
    .map((candidate) => {
      const letters = plain(candidate);
      const isPart = wanted.length > 2 && letters.length > 2 && (letters.includes(wanted) || wanted.includes(letters));
      return {candidate, letters, wrong: distance(wanted, letters), isPart};
    })
    .filter(({wrong, letters, isPart}) => isPart || wrong <= Math.max(letters.length, wanted.length) / 3)
    .sort((a, b) => a.wrong - b.wrong);
  return best?.candidate;
}
