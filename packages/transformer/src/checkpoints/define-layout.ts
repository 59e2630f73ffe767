import {
  type Activation,
  type Checkpoint,
  CheckpointError,
  type CheckpointLayout,
  type TensorMapping,
} from '@variants/core';
import {type LayoutName, resolveTransformerConfig, type TransformerConfig, type TransformerOptions} from '../config';

/** A configuration as its authors write it. */
export type AuthorsConfig = {readonly [field: string]: unknown};

/** What the tensors of a checkpoint say about its configuration. */
export interface TensorFacts {
  /** Rows of the embedding. */
  vocabSize?: number;
  /** Whether embedding and head are one matrix. */
  tieEmbedding?: boolean;
}

/** What is particular to a layout of a decoder's checkpoint. */
export interface LayoutDefinition {
  name: LayoutName;
  recognizes(checkpoint: Checkpoint): boolean;
  /** What the tensors say that the configuration does not. Default: nothing. */
  facts?(checkpoint: Checkpoint): Promise<TensorFacts>;
  /** Fields without which a configuration says too little. */
  required: readonly string[];
  /** The authors' configuration in our field names. `file` is for messages. */
  read(json: AuthorsConfig, facts: TensorFacts, file: string): TransformerOptions;
  /** Our configuration in the authors' field names; fields that they do not have are left out. */
  write(config: TransformerConfig): AuthorsConfig;
  tensors(config: TransformerConfig): TensorMapping[];
  ignored: readonly RegExp[];
}

/** Where config.json keeps what the authors have no fields for. */
const ownField = 'variants';

/** Fields that say nothing about what a trained model computes, or are known from the layout itself. */
const notKept: readonly string[] = ['seed', 'layout'];

/**
 * The layout of a definition. A model may have what the authors' configuration has no field for (another activation, biases
 * in some places alone): such fields are added to it under `variants`, in our names, and read back.
 */
export function defineLayout(definition: LayoutDefinition): CheckpointLayout<TransformerConfig> {
  const {name, recognizes, tensors, ignored} = definition;
  return {
    name,
    recognizes,
    async readConfig(checkpoint) {
      const {[ownField]: own, ...json} = fieldsOf(checkpoint) ?? {};
      assertComplete(json, definition, checkpoint);
      const facts = (await definition.facts?.(checkpoint)) ?? {};
      return resolveTransformerConfig({
        ...definition.read(json, facts, checkpoint.name),
        ...(own as object),
        layout: name,
      });
    },
    writeConfig(config) {
      // A pairing of features, say, that readers of this layout would take for another.
      const suited = resolveTransformerConfig({...config, layout: name});
      const json = definition.write(suited);
      const own = notExpressed(suited, definition.read(json, suited, name));
      return Object.keys(own).length > 0 ? {...json, [ownField]: own} : json;
    },
    tensors: (config) => tensors(config),
    ignored,
  };
}

/** The configuration in config.json or params.json, or in a ckpt.pt or .bin file, which holds it beside the weights. */
export function fieldsOf({config, extra}: Pick<Checkpoint, 'config' | 'extra'>): AuthorsConfig | null {
  const {model_args: modelArgs} = (extra ?? {}) as {model_args?: AuthorsConfig};
  return config ?? modelArgs ?? null;
}

function assertComplete(json: AuthorsConfig, {name, required}: LayoutDefinition, checkpoint: Checkpoint): void {
  const missing = required.filter((field) => json[field] == null);
  if (missing.length === 0) return;
  const found = fieldsOf(checkpoint) ? 'its configuration lacks' : 'there is no config.json or params.json with';
  throw new CheckpointError(`${checkpoint.name}: ${found} ${missing.join(', ')}, which layout ${name} needs`);
}

/** The fields of a configuration that reading the authors' would not give back. */
function notExpressed(config: TransformerConfig, read: TransformerOptions): Partial<TransformerConfig> {
  // Heads of any size need not divide the width.
  const headSize = read.headSize ?? config.headSize;
  const back: TransformerConfig = resolveTransformerConfig({...read, headSize, layout: config.layout});
  if (read.headSize == null) back.headSize = config.hiddenSize / config.numHeads;
  const different = (field: string) =>
    !notKept.includes(field) &&
    JSON.stringify(back[field as keyof TransformerConfig]) !== JSON.stringify(config[field as keyof TransformerConfig]);
  return Object.fromEntries(Object.entries(config).filter(([field]) => different(field)));
}

/** Reads the name of an activation; a CheckpointError for one that is not known. */
export function readActivation(names: Readonly<Record<string, Activation>>, value: unknown, file: string): Activation {
  if (typeof value === 'string' && Object.hasOwn(names, value)) return names[value];
  throw new CheckpointError(
    `${file}: the activation ${JSON.stringify(value)} is unknown; known are ${Object.keys(names).join(', ')}`,
  );
}

/** The authors' name of an activation, if they have one. */
export function writeActivation(
  names: Readonly<Record<string, Activation>>,
  activation: Activation,
): string | undefined {
  return Object.keys(names).find((name) => names[name] === activation);
}

/** A CheckpointError for a model that only looks like the one that can be read: Gemma has LLaMA's names, but other norms. */
export function assertModelType(json: AuthorsConfig, expected: string, file: string): void {
  if (json.model_type == null || json.model_type === expected) return;
  throw new CheckpointError(
    `${file}: model_type is ${JSON.stringify(json.model_type)}, but only "${expected}" can be read here`,
  );
}
