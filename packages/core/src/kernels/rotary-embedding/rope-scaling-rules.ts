import type {RopeScaling} from './rope-scaling';

/** What a field of a scaling may hold. */
interface Rule {
  allowed: string;
  accepts(value: unknown): boolean;
  /** Default false. */
  optional?: boolean;
}

const isNumber = (value: unknown, least: number) => Number.isFinite(value) && (value as number) >= least;
const isPositive = (value: unknown) => isNumber(value, Number.MIN_VALUE);

const factor: Rule = {allowed: 'a number of at least 1', accepts: (v) => isNumber(v, 1)};
const positive: Rule = {allowed: 'a number above 0', accepts: isPositive};
const share: Rule = {allowed: 'a number from 0 to 1', accepts: (v) => isNumber(v, 0) && (v as number) <= 1};
const notNegative: Rule = {allowed: 'a number of at least 0', accepts: (v) => isNumber(v, 0)};
const length: Rule = {
  allowed: 'a whole number of at least 1',
  accepts: (v) => Number.isSafeInteger(v) && isNumber(v, 1),
};
const flag: Rule = {allowed: 'true or false', accepts: (v) => typeof v === 'boolean'};
const factors: Rule = {
  allowed: 'a list of numbers above 0, one for each pair of features',
  accepts: (v) => Array.isArray(v) && v.length > 0 && v.every(isPositive),
};

const optional = (rule: Rule): Rule => ({...rule, optional: true});

const yarnRamp = {
  betaFast: optional(positive),
  betaSlow: optional(positive),
  truncate: optional(flag),
  extrapolationFactor: optional(share),
  attentionScale: optional(positive),
};
const originalMaxSequenceLength = length;

/** The fields of each type of {@link RopeScaling}, besides `type`. */
export const ropeScalingRules: {[type in RopeScaling['type']]: {[field: string]: Rule}} = {
  linear: {factor},
  ntk: {factor},
  dynamic: {factor, originalMaxSequenceLength},
  dynamicLinear: {originalMaxSequenceLength},
  ntkByParts: {
    factor,
    originalMaxSequenceLength,
    ntkFactor: optional(share),
    extrapolationFactor: optional(share),
  },
  yarn: {
    factor,
    originalMaxSequenceLength,
    attentionFactor: optional(positive),
    mscale: optional(notNegative),
    mscaleAllDim: optional(notNegative),
    ...yarnRamp,
  },
  dynamicYarn: {
    originalMaxSequenceLength,
    maxSequenceLength: optional(length),
    finetuned: optional(flag),
    ...yarnRamp,
  },
  longrope: {
    shortFactors: factors,
    longFactors: factors,
    originalMaxSequenceLength: {
      allowed: 'a whole number of at least 2',
      accepts: (v) => length.accepts(v) && v !== 1,
    },
    factor,
    attentionFactor: optional(positive),
  },
  llama3: {factor, lowFrequencyFactor: positive, highFrequencyFactor: positive, originalMaxSequenceLength},
};

/** Pairs of fields of which the first must be above (or not below) the second; a default where one is missing. */
const orders: readonly {above: string; below: string; defaults?: [number, number]; orEqual?: boolean}[] = [
  {above: 'highFrequencyFactor', below: 'lowFrequencyFactor'},
  {above: 'betaFast', below: 'betaSlow', defaults: [32, 1]},
  {above: 'maxSequenceLength', below: 'originalMaxSequenceLength', orEqual: true},
];

type Values = {readonly [field: string]: unknown};

/** What scalings there are, for messages. */
export const ropeScalingTypes = Object.keys(ropeScalingRules) as RopeScaling['type'][];

/**
 * What is wrong with a scaling, as a message goes on behind its value ("its factor must be a number of at least 1"); null
 * where nothing is.
 * @param nameOf Names of fields in the message. Default: ours.
 */
export function ropeScalingFault(value: unknown, nameOf = (field: string) => field): string | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return `must be an object {type, ...}, its type one of ${ropeScalingTypes.join(', ')}`;
  const scaling = value as Values;
  if (!Object.hasOwn(ropeScalingRules, String(scaling.type)))
    return `its type must be one of ${ropeScalingTypes.join(', ')}`;
  const rules = ropeScalingRules[scaling.type as RopeScaling['type']];
  const unknown = Object.keys(scaling).find((name) => name !== 'type' && !Object.hasOwn(rules, name));
  if (unknown) return `type ${scaling.type} has no ${unknown}; it has ${Object.keys(rules).map(nameOf).join(', ')}`;
  for (const [name, rule] of Object.entries(rules)) {
    const given = scaling[name];
    if (given === undefined ? !rule.optional : !rule.accepts(given))
      return `its ${nameOf(name)} must be ${rule.allowed}`;
  }
  return orderFault(scaling, rules, nameOf);
}

function orderFault(scaling: Values, rules: {[field: string]: Rule}, nameOf: (field: string) => string): string | null {
  for (const {above, below, defaults = [], orEqual} of orders) {
    if (!(above in rules && below in rules)) continue;
    const [high, low] = [scaling[above] ?? defaults[0], scaling[below] ?? defaults[1]] as number[];
    if (high === undefined || high > low || (orEqual && high === low)) continue;
    return `its ${nameOf(above)} must be ${orEqual ? 'at least' : 'above'} its ${nameOf(below)}, ${low}`;
  }
  return null;
}
