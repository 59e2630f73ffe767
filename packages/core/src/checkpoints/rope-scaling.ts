import {CheckpointError} from '../errors';
import type {RopeScaling} from '../kernels/rotary-embedding/rope-scaling';
import {ropeScalingFault, ropeScalingRules} from '../kernels/rotary-embedding/rope-scaling-rules';
import type {AuthorsConfig} from './field-table';

type Type = RopeScaling['type'];

/** Hugging Face's types, and those of jquesnelle/yarn that it has not, by ours. */
const typeNames: Record<Type, string> = {
  linear: 'linear',
  ntk: 'ntk',
  dynamic: 'dynamic',
  dynamicLinear: 'dynamic-linear',
  ntkByParts: 'part-ntk',
  yarn: 'yarn',
  dynamicYarn: 'dynamic-yarn',
  longrope: 'longrope',
  llama3: 'llama3',
};

/** Names that stand for another in older files. */
const olderTypes: {[theirs: string]: string} = {su: 'longrope'};

/** Their fields by ours, in all types but those of `otherNames`. */
const fieldNames: {[ours: string]: string} = {
  factor: 'factor',
  originalMaxSequenceLength: 'original_max_position_embeddings',
  maxSequenceLength: 'max_position_embeddings',
  lowFrequencyFactor: 'low_freq_factor',
  highFrequencyFactor: 'high_freq_factor',
  betaFast: 'beta_fast',
  betaSlow: 'beta_slow',
  truncate: 'truncate',
  attentionFactor: 'attention_factor',
  attentionScale: 'attn_factor',
  mscale: 'mscale',
  mscaleAllDim: 'mscale_all_dim',
  extrapolationFactor: 'extrapolation_factor',
  ntkFactor: 'ntk_factor',
  finetuned: 'finetuned',
  shortFactors: 'short_factor',
  longFactors: 'long_factor',
};

const otherNames: {[type in Type]?: {[ours: string]: string}} = {
  ntk: {factor: 'alpha'},
  dynamic: {originalMaxSequenceLength: 'max_position_embeddings'},
  dynamicLinear: {originalMaxSequenceLength: 'max_position_embeddings'},
};

const nameIn = (type: Type, field: string) => otherNames[type]?.[field] ?? fieldNames[field];

/** The field that stands beside the scaling, and not in it. */
const besideScaling = 'max_position_embeddings';

/** The value of `max_position_embeddings` where the scaling is what needs it, which then limits no text; else null. */
export function scaledFromLength(scaling: RopeScaling | null): number | null {
  switch (scaling?.type) {
    case 'dynamic':
    case 'dynamicLinear':
      return scaling.originalMaxSequenceLength;
    case 'dynamicYarn':
      return scaling.maxSequenceLength ?? scaling.originalMaxSequenceLength;
    default:
      return null;
  }
}

/**
 * Reads the scaling of Hugging Face's `rope_scaling`, in its older form (`type`) and its newer one (`rope_type`), or of
 * `rope_parameters`, and the types that jquesnelle/yarn has besides.
 * @param json The whole configuration: lengths may stand beside the scaling.
 * @param file Named in messages.
 * @throws CheckpointError for types that are not known, and fields that are missing or wrong.
 */
export function readRopeScaling(json: AuthorsConfig, file: string): RopeScaling | null {
  const place = json.rope_scaling == null ? 'rope_parameters' : 'rope_scaling';
  const given = json[place];
  if (given == null) return null;
  const fault = (what: string) => new CheckpointError(`${file}: ${place} ${what}`);
  if (typeof given !== 'object') throw fault(`is ${JSON.stringify(given)}, but must be an object or null`);
  const theirs = given as AuthorsConfig;
  const perKind = Object.keys(theirs).find((name) => theirs[name]?.constructor === Object);
  if (perKind) throw fault(`has parameters of its own for ${perKind}; only those of all layers can be read`);
  const named = theirs.rope_type ?? theirs.type ?? (theirs.factor === undefined ? 'default' : undefined);
  if (named === 'default') return null;
  const type = (Object.keys(typeNames) as Type[]).find((ours) => typeNames[ours] === (olderTypes[`${named}`] ?? named));
  if (!type)
    throw fault(`is of type ${JSON.stringify(named)}; ${Object.values(typeNames).join(', ')} and default can be read`);
  const scaling = withLengths(type, readFields(type, theirs, json), json);
  const wrong = ropeScalingFault(scaling, (field) => nameIn(type, field));
  if (wrong) throw fault(`is ${shortened(theirs)}, but ${wrong}`);
  return scaling as RopeScaling;
}

const shortened = (value: object) => {
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
};

/** The fields that a type has and the file gives. */
function readFields(type: Type, theirs: AuthorsConfig, json: AuthorsConfig): {[field: string]: unknown} {
  const scaling: {[field: string]: unknown} = {type};
  for (const field of Object.keys(ropeScalingRules[type])) {
    const name = nameIn(type, field);
    // `alpha` of jquesnelle/yarn is the factor of others.
    const value = name === besideScaling ? json[name] : (theirs[name] ?? theirs[field]);
    if (value != null) scaling[field] = value;
  }
  return scaling;
}

/** What follows from the lengths beside the scaling, where they alone tell. */
function withLengths(type: Type, scaling: {[field: string]: unknown}, json: AuthorsConfig): object {
  const {max_position_embeddings: longest, original_max_position_embeddings: original} = json;
  if (!nameIn(type, 'originalMaxSequenceLength').startsWith('original')) return scaling;
  if ('originalMaxSequenceLength' in ropeScalingRules[type]) {
    const length = original ?? scaling.originalMaxSequenceLength ?? longest;
    if (length != null) scaling.originalMaxSequenceLength = length;
  }
  const ratio = (longest as number) / (scaling.originalMaxSequenceLength as number);
  if ((type === 'yarn' || type === 'longrope') && scaling.factor === undefined && ratio > 0)
    scaling.factor = Math.max(1, ratio);
  if (scaling.maxSequenceLength === scaling.originalMaxSequenceLength) delete scaling.maxSequenceLength;
  return scaling;
}

/**
 * The inverse of {@link readRopeScaling}: `rope_scaling` and what stands beside it, but for `max_position_embeddings`, which
 * is {@link scaledFromLength} or the longest text.
 */
export function writeRopeScaling(scaling: RopeScaling | null): AuthorsConfig {
  if (scaling === null) return {rope_scaling: null};
  const {type, ...fields} = scaling;
  const written = Object.entries(fields).map(([field, value]) => [nameIn(type, field), value]);
  const theirs = Object.fromEntries(written.filter(([name]) => name !== besideScaling));
  const rope_scaling = {
    rope_type: typeNames[type],
    // Older readers know `type` alone.
    ...(type === 'linear' || type === 'dynamic' ? {type: typeNames[type]} : {}),
    ...theirs,
  };
  // Phi-3's code and older versions of the library look for it there.
  const beside = type === 'longrope' ? {original_max_position_embeddings: scaling.originalMaxSequenceLength} : {};
  return {rope_scaling, ...beside};
}
