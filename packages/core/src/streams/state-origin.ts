import {DataError} from '../errors';

/** What made a state of a stream: only what is made alike can go on with it. */
export interface StateOrigin {
  /** Name of the model or class of the layer. */
  architecture: string;
  /** The fields of its configuration that a state depends on, as JSON has them. */
  fields: {readonly [field: string]: unknown};
}

/** Fields that leave no trace in a state, whatever has them: how weights were drawn and are trained. */
const isWithoutTrace = (field: string) =>
  ['seed', 'name', 'trainable', 'frozenLayers', 'labelSmoothing'].includes(field) || /dropout/i.test(field);

/**
 * The origin of the states of a model or a layer.
 * @param config Its configuration; fields that are JSON in themselves or hold lists and objects of such.
 * @param without Names of further fields that no state depends on. Default: none.
 */
export function originOf(architecture: string, config: object, without: readonly string[] = []): StateOrigin {
  const isKept = (field: string, value: unknown) =>
    !isWithoutTrace(field) && !without.includes(field) && value !== null;
  // As JSON gives it back, so that an origin that was saved equals one that was not.
  const text = JSON.stringify(config, (field, value) => (isKept(field, value) ? value : undefined));
  return {architecture, fields: JSON.parse(text)};
}

/**
 * Throws a DataError that names both, unless a state was made by what is to go on with it.
 * @param name Who goes on with it, for the message.
 * @param found What made the state; nothing where it does not say.
 */
export function requireOrigin(name: string, found: StateOrigin | null | undefined, wanted: StateOrigin): void {
  // As in most steps, where nothing needs to be compared.
  if (found === wanted) return;
  const foreign = (reason: string) =>
    new DataError(`${name}: the stream state is not of this model: ${reason}; start a new stream`);
  if (!found) throw foreign(`it does not say what made it, and this is ${described(wanted)}`);
  if (found.architecture !== wanted.architecture)
    throw foreign(`it was made by ${described(found)}, and this is ${described(wanted)}`);
  const fields = new Set([...Object.keys(found.fields), ...Object.keys(wanted.fields)]);
  const differing = [...fields].filter((field) => sorted(found.fields[field]) !== sorted(wanted.fields[field]));
  if (differing.length > 0)
    throw foreign(`it was made by ${described(found, differing)}, and this is ${described(wanted, differing)}`);
}

/** Whether a value is an origin, as it stands in a file. */
export function isOrigin(value: unknown): value is StateOrigin {
  const {architecture, fields} = (value ?? {}) as Partial<StateOrigin>;
  return typeof architecture === 'string' && typeof fields === 'object' && fields !== null && !Array.isArray(fields);
}

/** "rwkv with version 4, hiddenSize 16"; at most 300 characters. */
function described({architecture, fields}: StateOrigin, names = Object.keys(fields)): string {
  const values = names.map((name) => `${name} ${JSON.stringify(fields[name]) ?? 'none'}`).join(', ');
  const shown = values.length > 300 ? `${values.slice(0, 300)}…` : values;
  return shown ? `${architecture} with ${shown}` : architecture;
}

/** A value as JSON that does not depend on the order of fields. */
function sorted(value: unknown): string | undefined {
  const isPlain = (one: unknown): one is object => typeof one === 'object' && one !== null && !Array.isArray(one);
  return JSON.stringify(value, (_, one) =>
    isPlain(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
  );
}
