import {CheckpointError, type Field, rotaryFrequencies} from '@variants/core';

/** Stretches rotary frequencies, so that a model trained on short texts reads longer ones. */
export type RopeScaling =
  /** All frequencies divided by `factor` (Chen et al. 2023, arXiv 2306.15595). */
  | {type: 'linear'; factor: number}
  /** Llama 3's: slow frequencies divided by `factor`, fast ones kept, those between mixed. */
  | {
      type: 'llama3';
      factor: number;
      /** Up to so many turns within the original length a frequency is slow. */
      lowFrequencyFactor: number;
      /** From so many turns on it is fast. */
      highFrequencyFactor: number;
      /** Positions that the model was first trained on. */
      originalMaxSequenceLength: number;
    };

const numbersOf: Record<RopeScaling['type'], readonly string[]> = {
  linear: ['factor'],
  llama3: ['factor', 'lowFrequencyFactor', 'highFrequencyFactor', 'originalMaxSequenceLength'],
};

/** The rule of a configuration's field `ropeScaling`. */
export const ropeScalingField: Field<RopeScaling> = {
  allowed: `${Object.entries(numbersOf)
    .map(([type, numbers]) => `{type: '${type}', ${numbers.join(', ')}}`)
    .join(' or ')}, all numbers above 0 and the high factor above the low`,
  accepts: isRopeScaling,
};

function isRopeScaling(value: unknown): value is RopeScaling {
  const scaling = (value ?? {}) as {[field: string]: unknown};
  const numbers = Object.hasOwn(numbersOf, String(scaling.type))
    ? numbersOf[scaling.type as RopeScaling['type']]
    : null;
  if (!numbers || Object.keys(scaling).length !== numbers.length + 1) return false;
  if (!numbers.every((name) => Number.isFinite(scaling[name]) && (scaling[name] as number) > 0)) return false;
  return scaling.type === 'linear' || (scaling.highFrequencyFactor as number) > (scaling.lowFrequencyFactor as number);
}

/**
 * Frequencies θ_i = base^(-2i/size) for i = 0 .. size/2 - 1, scaled. Llama 3's, with t the turns of a frequency within the
 * original length, cut to 0 at the low factor and 1 at the high one:
 *
 *     t = clamp((original θ / 2π - low) / (high - low), 0, 1);   θ' = (1 - t) θ / factor + t θ
 */
export function scaledFrequencies(size: number, base: number, scaling: RopeScaling | null): number[] {
  const frequencies = rotaryFrequencies(size, base);
  if (!scaling) return frequencies;
  if (scaling.type === 'linear') return frequencies.map((frequency) => frequency / scaling.factor);
  const {factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxSequenceLength} = scaling;
  return frequencies.map((frequency) => {
    const turns = (originalMaxSequenceLength * frequency) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return ((1 - kept) * frequency) / factor + kept * frequency;
  });
}

/**
 * Reads Hugging Face's `rope_scaling`, in its older form (`type`) and its newer one (`rope_type`), or `rope_parameters`.
 * @param file Named in messages.
 * @throws CheckpointError for kinds whose frequencies depend on the length of the text (dynamic, longrope), others that are
 *   not known here (yarn), and wrong numbers.
 */
export function readRopeScaling(json: unknown, file: string): RopeScaling | null {
  if (json == null) return null;
  const fields = json as {[field: string]: unknown};
  const type = fields.rope_type ?? fields.type ?? (fields.factor === undefined ? 'default' : undefined);
  if (type === 'default') return null;
  const scaling =
    type === 'llama3'
      ? {
          type,
          factor: fields.factor,
          lowFrequencyFactor: fields.low_freq_factor,
          highFrequencyFactor: fields.high_freq_factor,
          originalMaxSequenceLength: fields.original_max_position_embeddings,
        }
      : {type, factor: fields.factor};
  if (type !== 'linear' && type !== 'llama3')
    throw new CheckpointError(
      `${file}: rope_scaling is of type ${JSON.stringify(type)}; linear, llama3 and default can be read`,
    );
  if (isRopeScaling(scaling)) return scaling;
  throw new CheckpointError(
    `${file}: rope_scaling is ${JSON.stringify(json)}, but must hold the numbers above 0 of type ${type}`,
  );
}

/** The inverse of {@link readRopeScaling}. */
export function writeRopeScaling(scaling: RopeScaling | null): object | null {
  if (scaling === null) return null;
  const {type, factor} = scaling;
  // Older readers know `type` alone.
  if (type === 'linear') return {type, rope_type: type, factor};
  return {
    rope_type: type,
    factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalMaxSequenceLength,
  };
}
