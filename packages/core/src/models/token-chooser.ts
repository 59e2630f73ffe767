import {DataError} from '../errors';
import {Random} from '../random';
import type {GenerateSettings} from './generate-options';
import {
  applyTemperature,
  keepMinP,
  keepTopK,
  keepTopP,
  largest,
  mostProbable,
  penalizeCounts,
  penalizeRepetition,
  sampleToken,
} from './sampling';

/** Chooses one token after the other from the logits of a model, as the options of a generation say. */
export class TokenChooser {
  private readonly random: Random;
  private readonly seen: Set<number>;
  private readonly counts = new Map<number, number>();
  /** Ids of the model that are none of the tokenizer's; null until the logits say how many ids there are. */
  private foreign: readonly number[] | null = null;

  constructor(
    prompt: readonly number[],
    private readonly settings: GenerateSettings,
  ) {
    this.random = new Random(settings.seed, 'generate');
    this.seen = new Set(prompt);
  }

  /** The next token by the logits [vocabulary] of all tokens. */
  choose(logits: Float32Array): number {
    const penalized = this.penalize(this.withoutForeign(logits));
    if (!Number.isFinite(largest(penalized)))
      throw new DataError(
        'generate: logits are NaN or infinite; the weights of the model or a penalty are out of range',
      );
    const token = this.settings.temperature === 0 ? mostProbable(penalized) : this.sample(penalized);
    this.seen.add(token);
    const {penaltyDecay} = this.settings;
    if (penaltyDecay < 1) for (const [known, count] of this.counts) this.counts.set(known, count * penaltyDecay);
    this.counts.set(token, (this.counts.get(token) ?? 0) + 1);
    return token;
  }

  private withoutForeign(logits: Float32Array): Float32Array {
    const {tokenizer} = this.settings;
    if (!tokenizer) return logits;
    const isToken = (token: number) => tokenizer.isToken?.(token) ?? token < tokenizer.vocabSize;
    this.foreign ??= Array.from(logits, (_, token) => token).filter((token) => !isToken(token));
    if (this.foreign.length === 0) return logits;
    if (this.foreign.length === logits.length)
      throw new DataError(
        'generate: none of the ids of the model is one of the tokenizer; take the tokenizer of the model',
      );
    const own = logits.slice();
    for (const token of this.foreign) own[token] = -Infinity;
    return own;
  }

  private penalize(logits: Float32Array): Float32Array {
    const {repetitionPenalty, presencePenalty: presence, frequencyPenalty: frequency} = this.settings;
    const penalized = repetitionPenalty === 1 ? logits : penalizeRepetition(logits, this.seen, repetitionPenalty);
    const counts = presence === 0 && frequency === 0 ? [] : this.counts;
    return penalizeCounts(penalized, counts, {presence, frequency});
  }

  private sample(logits: Float32Array): number {
    const {temperature, topK, topP, minP} = this.settings;
    let kept = applyTemperature(logits, temperature);
    if (topK !== null) kept = keepTopK(kept, topK);
    if (topP !== null) kept = keepTopP(kept, topP);
    if (minP !== null) kept = keepMinP(kept, minP);
    return sampleToken(kept, this.random);
  }
}
