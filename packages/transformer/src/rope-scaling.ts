import {ConfigError, rotaryFrequencies} from '@variants/core';

/** Stretches rotary frequencies, so that a model trained on short texts reads longer ones. */
export type RopeScaling =
  /** All frequencies divided by `factor` (Chen et al. 2023, arXiv 2306.15595). */
  | {type: 'linear'; factor: number}
  /** Llama 3's: slow frequencies divided by `factor`, fast ones kept, those between mixed. */
  | {
      type: 'llama3';
      factor: number;
      lowFrequencyFactor: number;
      highFrequencyFactor: number;
      originalMaxSequenceLength: number;
    };

/** Frequencies base^(-2i/size), scaled. */
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
 * Reads Hugging Face's `rope_scaling`, in its older form (`type`) and newer (`rope_type`).
 * @throws ConfigError for kinds that depend on the length of the text (dynamic) or are not known here (yarn, longrope).
 */
export function readRopeScaling(json: unknown): RopeScaling | null {
  if (json == null) return null;
  const fields = json as {[field: string]: unknown};
  const type = fields.rope_type ?? fields.type;
  if (type === 'default') return null;
  const number = (field: string) => {
    const value = fields[field];
    if (typeof value === 'number' && value > 0) return value;
    throw new ConfigError(
      `transformer: rope_scaling.${field} is ${JSON.stringify(value)}, but must be a number above 0`,
    );
  };
  if (type === 'linear') return {type, factor: number('factor')};
  if (type === 'llama3')
    return {
      type,
      factor: number('factor'),
      lowFrequencyFactor: number('low_freq_factor'),
      highFrequencyFactor: number('high_freq_factor'),
      originalMaxSequenceLength: number('original_max_position_embeddings'),
    };
  throw new ConfigError(
    `transformer: rope_scaling of type ${JSON.stringify(type)} is not supported; linear and llama3 are`,
  );
}

/** The inverse of {@link readRopeScaling}. */
export function writeRopeScaling(scaling: RopeScaling | null): object | null {
  if (scaling?.type !== 'llama3') return scaling && {type: 'linear', rope_type: 'linear', factor: scaling.factor};
  return {
    rope_type: 'llama3',
    factor: scaling.factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalMaxSequenceLength,
  };
}
