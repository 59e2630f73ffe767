import type {Random} from '../random';

/** The largest of some logits; NaN if one of them is. */
export function largest(logits: Float32Array): number {
  let max = -Infinity;
  // Not by `reduce`, which at the size of a vocabulary takes a tenth of a millisecond.
  for (let i = 0; i < logits.length; i++) {
    if (Number.isNaN(logits[i])) return Number.NaN;
    if (logits[i] > max) max = logits[i];
  }
  return max;
}

/** exp(logit - largest logit): the probabilities times a common factor, 1 for the most probable token. In double precision. */
function relativeProbabilities(logits: Float32Array): Float64Array {
  const max = largest(logits);
  return Float64Array.from(logits, (logit) => Math.exp(logit - max));
}

/** The logits for which `keeps` holds; the others become -infinity, which is probability 0. */
function keepOnly(logits: Float32Array, keeps: (logit: number, token: number) => boolean): Float32Array {
  return logits.map((logit, token) => (keeps(logit, token) ? logit : -Infinity));
}

/**
 * Makes tokens that stood before less probable: their logit is divided by `penalty` where it is positive and multiplied
 * where it is negative. CTRL (Keskar et al. 2019, section 4.1), in the form that Hugging Face gave it for negative logits.
 * @param logits [vocabulary]
 * @param penalty Above 1 discourages, 1 changes nothing, below 1 encourages.
 */
export function penalizeRepetition(logits: Float32Array, tokens: Iterable<number>, penalty: number): Float32Array {
  const penalized = logits.slice();
  for (const token of tokens) penalized[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty;
  return penalized;
}

/**
 * Lowers the logit of a token that was generated before by `presence`, and by `frequency` for every time that it was
 * (OpenAI's API reference, "frequency and presence penalties").
 * @param logits [vocabulary]
 * @param counts How often each token was generated.
 */
export function penalizeCounts(
  logits: Float32Array,
  counts: Iterable<readonly [token: number, count: number]>,
  {presence, frequency}: {presence: number; frequency: number},
): Float32Array {
  const penalized = logits.slice();
  for (const [token, count] of counts) if (count > 0) penalized[token] -= presence + count * frequency;
  return penalized;
}

/**
 * Divides logits by a temperature: below 1 the probable tokens gain, above 1 the others do. The largest becomes 0, which
 * leaves the distribution as it is and keeps a tiny temperature from overflowing.
 * @param logits [vocabulary]
 * @param temperature Above 0.
 */
export function applyTemperature(logits: Float32Array, temperature: number): Float32Array {
  const max = largest(logits);
  return logits.map((logit) => (logit - max) / temperature);
}

/**
 * Keeps the k largest logits and those equal to the k-th (top-k sampling, Fan, Lewis and Dauphin 2018, section 5.1).
 * @param logits [vocabulary]
 * @param k At least 1; all are kept where there are no more than k.
 */
export function keepTopK(logits: Float32Array, k: number): Float32Array {
  if (k >= logits.length) return logits;
  const kth = logits.slice().sort()[logits.length - k];
  return keepOnly(logits, (logit) => logit >= kth);
}

/**
 * Keeps the nucleus: the smallest set of most probable tokens whose probabilities add up to p (Holtzman et al. 2020,
 * section 3.1). Of equally probable tokens the lower ids come first.
 * @param logits [vocabulary]
 * @param p Above 0, at most 1.
 */
export function keepTopP(logits: Float32Array, p: number): Float32Array {
  if (p >= 1) return logits;
  const ascending = logits.slice().sort();
  const weights = relativeProbabilities(ascending);
  const wanted = p * weights.reduce((sum, weight) => sum + weight, 0);
  let first = logits.length;
  for (let sum = 0; first > 0 && sum < wanted; ) sum += weights[--first];
  const least = ascending[first];
  let leastLeft = ascending.slice(first).lastIndexOf(least) + 1;
  return keepOnly(logits, (logit) => {
    if (logit === least) leastLeft--;
    return logit > least || (logit === least && leastLeft >= 0);
  });
}

/**
 * Keeps the tokens that are at least `minP` times as probable as the most probable one (min-p sampling, Nguyen et al. 2024).
 * @param logits [vocabulary]
 * @param minP 0 to 1.
 */
export function keepMinP(logits: Float32Array, minP: number): Float32Array {
  const relative = relativeProbabilities(logits);
  return keepOnly(logits, (_, token) => relative[token] >= minP);
}

/** The token with the largest logit, of several the first. */
export function mostProbable(logits: Float32Array): number {
  return logits.indexOf(largest(logits));
}

/** Draws a token from the softmax of logits; takes one number of `random`. */
export function sampleToken(logits: Float32Array, random: Random): number {
  const weights = relativeProbabilities(logits);
  let left = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let token = 0; token < weights.length; token++) {
    left -= weights[token];
    if (left < 0) return token;
  }
  // Rounding can leave a rest beyond the last token.
  return weights.findLastIndex((weight) => weight > 0);
}
