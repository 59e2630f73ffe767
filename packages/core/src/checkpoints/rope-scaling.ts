import {CheckpointError} from '../errors';
import {isRopeScaling, type RopeScaling} from '../kernels/rotary-embedding/rope-scaling';

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
