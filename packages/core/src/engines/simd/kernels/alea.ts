/** 2^-32. */
const STEP = 1 / 4294967296;

/** Mixes text into a state and gives a number in [0, 1). */
function masher(): (text: string) => number {
  let n = 0xefc8249d;
  return (text) => {
    for (let i = 0; i < text.length; i++) {
      n += text.charCodeAt(i);
      let h = 0.02519603282416938 * n;
      n = h >>> 0;
      h = (h - n) * n;
      n = h >>> 0;
      n += (h - n) * 4294967296;
    }
    return (n >>> 0) * STEP;
  };
}

/**
 * Numbers in [0, 1) from a seed: Johannes Baagøe's Alea, a multiply-with-carry generator, as tfjs's multinomial draws from
 * it, so that a seed gives the same samples on every backend.
 */
export function alea(seed: string): () => number {
  const mash = masher();
  const start = [mash(' '), mash(' '), mash(' ')];
  let [s0, s1, s2] = start.map((s) => {
    const rest = s - mash(seed);
    return rest < 0 ? rest + 1 : rest;
  });
  let carry = 1;
  return () => {
    const t = 2091639 * s0 + carry * STEP;
    s0 = s1;
    s1 = s2;
    carry = Math.trunc(t);
    s2 = t - carry;
    return s2;
  };
}
