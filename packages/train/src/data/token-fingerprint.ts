/**
 * Tells token lists apart: their number and a hash, as in "60 tokens, FNV-1a 3d2f90a1". The same whatever the type of the
 * array. The hash is 32-bit FNV-1a (Fowler, Noll and Vo) over four bytes a token, the lowest first: no protection from
 * intent, but of a mistake only one in four billion slips through.
 */
export function tokenFingerprint(tokens: ArrayLike<number> & Iterable<number>): string {
  let hash = 0x811c9dc5;
  for (const token of tokens)
    for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((token >>> shift) & 0xff), 0x01000193);
  return `${tokens.length} tokens, FNV-1a ${(hash >>> 0).toString(16).padStart(8, '0')}`;
}
