import {CheckpointError, ConfigError} from '../errors';
import type {Checkpoint} from '../files/checkpoint';
import {
  type AuthorsConfig,
  type FieldTable,
  missingFields,
  readFields,
  requireValues,
  writeFields,
} from './field-table';
import type {CheckpointLayout} from './layout';
import {sameValue} from './same-value';

/** Fields of a configuration that a checkpoint's tensors tell. */
export interface TensorFields<Config> {
  /** Those that {@link read} gives, which so need no field of the authors'. */
  names: readonly (keyof Config)[];
  /** Their values, which win over the configuration's; those left out are the configuration's. */
  read(checkpoint: Checkpoint, json: AuthorsConfig): Partial<Config> | Promise<Partial<Config>>;
}

/** What is particular to a layout. */
export interface LayoutDefinition<Config extends object>
  extends Pick<CheckpointLayout<Config>, 'name' | 'recognizes' | 'tensors' | 'ignored' | 'buffers'> {
  /** Our fields by the authors'. */
  fields: FieldTable<Config>;
  /** Values by their names, as those of the table: fields whose other values mean another architecture. Default: none. */
  only?: AuthorsConfig;
  /** Values by their names that they write besides, such as the name of their class. Default: nothing. */
  constants?: AuthorsConfig;
  /** What the tensors tell that the configuration does not. Default: nothing. */
  fromTensors?: TensorFields<Config>;
  /** Where the authors' configuration stands; null where it is missing. Default: in config.json or params.json. */
  authorsConfig?(checkpoint: Checkpoint): AuthorsConfig | null;
  /** Completes and checks a configuration. */
  resolve(options: Partial<Config>): Config;
}

/** Where config.json keeps what the authors have no fields for. */
const ownField = 'variants';

/**
 * The layout of a definition. A model may have what the authors' configuration has no field or no value for (another
 * activation, biases in some places alone): such fields are added to it under `variants`, in our names, and read back. The
 * seed, which says nothing about what a trained model computes, is not kept.
 */
export function defineLayout<Config extends object>(definition: LayoutDefinition<Config>): CheckpointLayout<Config> {
  const {name, fields, only = {}, constants = {}, fromTensors, buffers, ignored} = definition;
  const authorsConfig = definition.authorsConfig ?? ((checkpoint: Checkpoint) => checkpoint.config);
  return {
    name,
    recognizes: (checkpoint) => definition.recognizes(checkpoint),
    async readConfig(checkpoint) {
      const found = authorsConfig(checkpoint);
      const {[ownField]: own, ...json} = found ?? {};
      const missing = missingFields(fields, json, checkpoint.name);
      if (missing.length > 0) {
        const lack = found ? 'its configuration lacks' : 'there is no config.json or params.json with';
        throw new CheckpointError(`${checkpoint.name}: ${lack} ${missing.join(', ')}, which layout ${name} needs`);
      }
      requireValues(only, json, checkpoint.name);
      const read = {...readFields(fields, json, checkpoint.name), ...(own as Partial<Config> | undefined)};
      return definition.resolve({...read, ...(await fromTensors?.read(checkpoint, json))});
    },
    writeConfig(config) {
      const complete = definition.resolve(config);
      const json = writeFields(fields, complete, constants);
      const own = notExpressed(complete, json, definition);
      return Object.keys(own).length > 0 ? {...json, [ownField]: own} : json;
    },
    tensors: (config, checkpoint) => definition.tensors(config, checkpoint),
    ...(ignored && {ignored}),
    ...(buffers && {buffers: (config: Config) => buffers(config)}),
  };
}

/** The fields of a configuration that reading the authors' would not give back. */
function notExpressed<Config extends object>(
  config: Config,
  json: AuthorsConfig,
  {name, fields, fromTensors, resolve}: LayoutDefinition<Config>,
): Partial<Config> {
  const told = (fromTensors?.names ?? []).filter((field) => field in config).map((field) => [field, config[field]]);
  const read: Partial<Config> = {...readFields(fields, json, name), ...Object.fromEntries(told)};
  const back = withDefaults(read, resolve);
  const own = (Object.keys(config) as (keyof Config)[]).filter(
    (field) => field !== 'seed' && !sameValue(back[field], config[field]),
  );
  return Object.fromEntries(own.map((field) => [field, config[field]])) as Partial<Config>;
}

/** Fields with the defaults of all others, if they go together without what is missing. */
function withDefaults<Config>(read: Partial<Config>, resolve: (options: Partial<Config>) => Config): Partial<Config> {
  try {
    return resolve(read);
  } catch (error) {
    if (error instanceof ConfigError) return read;
    throw error;
  }
}
