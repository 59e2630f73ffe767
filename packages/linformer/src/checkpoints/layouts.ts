import {
  type AuthorsConfig,
  type Checkpoint,
  CheckpointError,
  type CheckpointLayout,
  defineLayout,
  type FieldTable,
  type LayoutDefinition,
  namedValues,
  type TensorMapping,
} from '@variants/core';
import {
  type LinformerClassifierConfig,
  type LinformerConfig,
  resolveLinformerClassifierConfig,
  resolveLinformerConfig,
} from '../config';
import {asIn, type Generation, generations, isOf} from './generations';
import {lucidrainsLayout} from './lucidrains';
import {activationNames, constants, officialFields, only, repeatsValues} from './official-fields';
import {encoderTensors, labelTensors, tokenHeadTensors, unusedBiases} from './official-tensors';
import {tatp22Layout} from './tatp22';

/** What is particular to a form of the model in fairseq's files. */
interface Form<Config extends LinformerConfig> {
  /** Of the layout. */
  name: string;
  isIn(checkpoint: Checkpoint): boolean;
  fields?: FieldTable<Config>;
  /** What the tensors tell besides the size of the vocabulary. */
  told?: LayoutDefinition<Config>['fromTensors'];
  head(config: Config): TensorMapping[];
  ignored?: readonly RegExp[];
  resolve: LayoutDefinition<Config>['resolve'];
}

const isLinformer = ({tensors, config}: Checkpoint) =>
  String(config?.arch ?? '').startsWith('linformer') ||
  [...tensors.keys()].some((name) => /\.(compress_layer|self_attn\.compress_k)\.weight$/.test(name));

/** Markers of versions, which hold nothing. */
const markers = /(^|\.)version$/;

/** A form's layouts, of all generations of fairseq's names; the first is today's. */
function layoutsOf<Config extends LinformerConfig>(form: Form<Config>): CheckpointLayout<Config>[] {
  return generations.flatMap((generation) =>
    [false, true].map((valuesRepeated) => layoutOf(form, generation, valuesRepeated)),
  );
}

function layoutOf<Config extends LinformerConfig>(
  form: Form<Config>,
  generation: Generation,
  valuesRepeated: boolean,
): CheckpointLayout<Config> {
  const {told} = form;
  const table = `${generation.prefix}.sentence_encoder.embed_tokens.weight`;
  return defineLayout<Config>({
    name: `${form.name}${generation.name}${valuesRepeated ? '-repeated' : ''}`,
    recognizes: (checkpoint) =>
      isLinformer(checkpoint) &&
      form.isIn(checkpoint) &&
      isOf(generation, checkpoint) &&
      repeatsValues(checkpoint.config ?? {}) === valuesRepeated,
    fields: {...(officialFields(valuesRepeated) as FieldTable<Config>), ...form.fields},
    only,
    constants,
    fromTensors: {
      names: ['vocabSize', ...(told?.names ?? [])],
      async read(checkpoint: Checkpoint, json: AuthorsConfig) {
        const words = {vocabSize: checkpoint.tensors.get(table)?.shape[0]} as Partial<Config>;
        return {...words, ...(await told?.read(checkpoint, json))};
      },
    },
    tensors: (config) =>
      [...encoderTensors(config, valuesRepeated), ...form.head(config)].map((mapping) =>
        asIn(generation, mapping, config.hiddenSize),
      ),
    buffers: (config) =>
      Object.fromEntries(
        Object.entries(unusedBiases(config, valuesRepeated)).map(([theirs, buffer]) => [
          asIn(generation, {theirs, ours: ''}, 0).theirs,
          buffer,
        ]),
      ),
    ignored: [markers, ...(form.ignored ?? [])],
    resolve: form.resolve,
  });
}

const headPattern = /^classification_heads\.([^.]+)\.out_proj\.weight$/;

/** The names of the heads for labels in a checkpoint. */
const headsIn = ({tensors}: Checkpoint): string[] =>
  [...tensors.keys()].flatMap((name) => headPattern.exec(name)?.[1] ?? []);

/** What the tensors tell of a head for labels. */
function readLabels(checkpoint: Checkpoint): Partial<LinformerClassifierConfig> {
  const {tensors, name} = checkpoint;
  const heads = headsIn(checkpoint);
  if (heads.length > 1)
    throw new CheckpointError(`${name}: has the heads ${heads.join(', ')} for labels, but only one can be loaded`);
  const [headName] = heads;
  return {
    headName,
    numLabels: tensors.get(`classification_heads.${headName}.out_proj.weight`)?.shape[0],
    tokenHead: [...tensors.keys()].some((tensor) => /^(en|de)coder\.lm_head\./.test(tensor)),
  };
}

/** Files of the official model with a head for tokens. */
const officialMasked = layoutsOf<LinformerConfig>({
  name: 'linformer',
  isIn: (checkpoint) => headsIn(checkpoint).length === 0,
  head: (config) => tokenHeadTensors(config),
  resolve: resolveLinformerConfig,
});

/** Files of the official model with a head for labels. */
export const classifierLayouts = layoutsOf<LinformerClassifierConfig>({
  name: 'linformer-classifier',
  isIn: (checkpoint) => headsIn(checkpoint).length > 0,
  fields: {
    poolerActivation: namedValues('pooler_activation_fn', activationNames, 'tanh'),
    poolerDropout: 'pooler_dropout',
  },
  told: {names: ['headName', 'numLabels', 'tokenHead'], read: readLabels},
  head: labelTensors,
  resolve: resolveLinformerClassifierConfig,
});

/** All files of models with a head for tokens. */
export const maskedLayouts = [...officialMasked, lucidrainsLayout, tatp22Layout];

/** How a fresh model is saved: in the official names. */
export const [maskedLayout] = maskedLayouts;
export const [classifierLayout] = classifierLayouts;
