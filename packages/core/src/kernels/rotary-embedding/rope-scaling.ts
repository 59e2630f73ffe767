import {rotaryFrequencies} from './frequencies';

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

/** The numbers of each type. */
export const ropeScalingNumbers: Record<RopeScaling['type'], readonly string[]> = {
  linear: ['factor'],
  llama3: ['factor', 'lowFrequencyFactor', 'highFrequencyFactor', 'originalMaxSequenceLength'],
};

/** Whether a value is a complete scaling. */
export function isRopeScaling(value: unknown): value is RopeScaling {
  const scaling = (value ?? {}) as {[field: string]: unknown};
  const numbers = Object.hasOwn(ropeScalingNumbers, String(scaling.type))
    ? ropeScalingNumbers[scaling.type as RopeScaling['type']]
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
