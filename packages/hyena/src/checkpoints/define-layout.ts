import {type Checkpoint, CheckpointError, type CheckpointLayout, type TensorMapping} from '@variants/core';
import type {HyenaBackboneConfig} from '../config';
import type {AuthorsFields} from './fields';
import {type Naming, namingOf, plainNaming} from './naming';
import {type BackboneSizes, backboneSizes} from './sizes';
import {backboneTensors, type FrequencyNames, timeBuffers} from './tensors';

/** What is particular to a layout. */
export interface LayoutDefinition<Config extends HyenaBackboneConfig> {
  name: string;
  /** Whether a file with a backbone is of this layout. */
  recognizes(checkpoint: Checkpoint, naming: Naming): boolean;
  /** What the authors' fields say and the tensors do not, in our names. `file` is for messages. */
  read(json: AuthorsFields, file: string): Partial<Config>;
  /** Our configuration in the authors' fields. */
  write(config: Config): AuthorsFields;
  /** Completes and checks a configuration. */
  resolve(options: Partial<Config>): Config;
  /** What stands before `backbone` in the names that a model is saved under. */
  prefix: string;
  frequencies: FrequencyNames;
  /** The tensors that are not the backbone's, for names with this before `backbone`. */
  head(config: Config, prefix: string): TensorMapping[];
  /** What the tensors of the head tell. Default: nothing. */
  headSizes?(checkpoint: Checkpoint, naming: Naming): Partial<Config>;
  /** Names of further tensors that may be there. Default: none. */
  ignored?: readonly RegExp[];
}

/** Where config.json keeps what the authors have no fields for. */
const ownField = 'variants';

/**
 * The layout of a definition. A model may have what the authors' configuration has no field for: such fields are added to it
 * under `variants`, in our names, and read back.
 */
export function defineLayout<Config extends HyenaBackboneConfig>(
  definition: LayoutDefinition<Config>,
): CheckpointLayout<Config> {
  const {name, prefix, frequencies, head, ignored = []} = definition;
  return {
    name,
    recognizes(checkpoint) {
      const naming = namingOf(checkpoint);
      return naming !== undefined && definition.recognizes(checkpoint, naming);
    },
    readConfig(checkpoint) {
      const {[ownField]: own, ...json} = checkpoint.config ?? {};
      const naming = namingOf(checkpoint) ?? plainNaming(prefix);
      const sizes = {...backboneSizes(checkpoint, naming), ...definition.headSizes?.(checkpoint, naming)};
      const read = definition.read(json, checkpoint.name);
      return definition.resolve({...read, ...(own as Partial<Config>), ...(sizes as Partial<Config>)});
    },
    writeConfig(config) {
      const json = definition.write(config);
      const back = definition.resolve({...pickSizes(config), ...definition.read(json, name)});
      const own = Object.entries(config).filter(
        ([field, value]) => field !== 'seed' && JSON.stringify(value) !== JSON.stringify(back[field as keyof Config]),
      );
      return own.length > 0 ? {...json, [ownField]: Object.fromEntries(own)} : json;
    },
    tensors(config, checkpoint) {
      const naming = (checkpoint && namingOf(checkpoint)) ?? plainNaming(prefix);
      return [...backboneTensors(config, naming, frequencies, checkpoint), ...head(config, naming.prefix)];
    },
    ignored: [/\.pos_emb\.t$/, ...ignored],
    buffers: (config) => timeBuffers(config, prefix),
  };
}

/** Fields that the tensors tell, in any layout. */
const sizeFields: ReadonlySet<string> = new Set<keyof BackboneSizes | 'numLabels'>([
  'vocabSize',
  'hiddenSize',
  'numLayers',
  'intermediateSize',
  'attentionLayers',
  'maxPositions',
  'order',
  'numHeads',
  'shortFilterSize',
  'maxSequenceLength',
  'positionSize',
  'filterSize',
  'numInnerLayers',
  'headMixing',
  'numLabels',
]);

function pickSizes<Config extends object>(config: Config): Partial<Config> {
  const sizes = Object.entries(config).filter(([field]) => sizeFields.has(field));
  return Object.fromEntries(sizes) as Partial<Config>;
}

/** Throws a CheckpointError where a field has another value than the only one that can be loaded. */
export function requireValue(json: AuthorsFields, field: string, value: unknown, file: string): void {
  if (json[field] != null && json[field] !== value)
    throw new CheckpointError(
      `${file}: ${field} is ${JSON.stringify(json[field])}, but only ${JSON.stringify(value)} can be loaded`,
    );
}
