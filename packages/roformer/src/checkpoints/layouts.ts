import {
  type Activation,
  type AuthorsConfig,
  type Checkpoint,
  CheckpointError,
  type CheckpointLayout,
  defineLayout,
  type FieldTable,
  type LayoutDefinition,
  type TensorMapping,
} from '@variants/core';
import {
  type RoFormerClassifierConfig,
  type RoFormerConfig,
  type RoFormerFields,
  type RoFormerMaskedConfig,
  resolveRoFormerClassifierConfig,
  resolveRoFormerConfig,
  resolveRoFormerMaskedConfig,
} from '../config';
import {positionTable} from '../rotary/rotary';
import {
  activationNames,
  type FindTensor,
  nameOfActivation,
  only,
  readFromTensors,
  roFormerFields,
  toldByTensors,
  usualLength,
} from './fields';
import {asOfficial, classifierTensors, encoderTensors, headTensors, officialName, poolerTensors} from './tensors';

/** What is particular to a form of the model, in Hugging Face's names. */
interface Form<Config extends RoFormerFields> {
  /** Of the layout. */
  name: string;
  /** Hugging Face's class. */
  architecture: string;
  isDecoder: boolean;
  /** Whether a checkpoint holds this form. */
  isIn(find: FindTensor, json: AuthorsConfig): boolean;
  /** The form's own fields, and what the tensors tell of them. */
  fields?: FieldTable<Config>;
  told?: {names: readonly (keyof Config)[]; read(find: FindTensor, json: AuthorsConfig, file: string): Partial<Config>};
  /** The tensors above the blocks. */
  head(config: Config, checkpoint?: Checkpoint): TensorMapping[];
  resolve: LayoutDefinition<Config>['resolve'];
}

const positions = 'roformer.encoder.embed_positions.weight';

/** Tensors that no weight is read of: the table of positions, and what a training run leaves. */
const ignored = [/^roformer\.encoder\.embed_positions\.weight$/, /^cls\.predictions\.decoder\.(weight|bias)$/];
const officialIgnored = [/adam_[mv]$/i, /(^|\/)global_step$/, /^cls\/seq_relationship\//];

/** The table that Hugging Face's class looks angles up in; with a scaling its file turns as our model does. */
function positionBuffer(config: RoFormerFields) {
  const {hiddenSize, numHeads, rotaryBase: base, ropeScaling: scaling} = config;
  const [length, size] = [config.maxSequenceLength ?? usualLength, hiddenSize / numHeads];
  return {[positions]: {shape: [length, size], data: positionTable(length, size, {base, scaling})}};
}

/** A form's layouts: Hugging Face's and JunnYu's names, and the official ones. */
function layoutsOf<Config extends RoFormerFields>(form: Form<Config>): CheckpointLayout<Config>[] {
  const {told} = form;
  const shared = {
    fields: {...(roFormerFields as FieldTable<Config>), ...form.fields},
    only,
    constants: {
      model_type: 'roformer',
      architectures: [form.architecture],
      is_decoder: form.isDecoder,
      tie_word_embeddings: true,
    },
    resolve: form.resolve,
  };
  const layout = (
    name: string,
    nameOf: (theirs: string) => string,
    own: Pick<LayoutDefinition<Config>, 'tensors' | 'ignored' | 'buffers'>,
  ) => {
    const findIn =
      ({tensors}: Checkpoint): FindTensor =>
      (theirs) =>
        tensors.get(nameOf(theirs));
    return defineLayout<Config>({
      ...shared,
      ...own,
      name,
      recognizes(checkpoint) {
        const find = findIn(checkpoint);
        const isRoFormer = find('roformer.encoder.layer.0.attention.self.query.weight') !== undefined;
        return isRoFormer && form.isIn(find, checkpoint.config ?? {});
      },
      fromTensors: {
        names: [...(toldByTensors as readonly (keyof Config)[]), ...(told?.names ?? [])],
        read(checkpoint, json) {
          const find = findIn(checkpoint);
          return {...(readFromTensors(find) as Partial<Config>), ...told?.read(find, json, checkpoint.name)};
        },
      },
    });
  };
  const tensors = (config: Config, checkpoint?: Checkpoint) => [
    ...encoderTensors(config),
    ...form.head(config, checkpoint),
  ];
  return [
    layout(form.name, (theirs) => theirs, {tensors, ignored, buffers: positionBuffer}),
    layout(`${form.name}-official`, officialName, {
      tensors: (config) => tensors(config).map(asOfficial),
      ignored: officialIgnored,
    }),
  ];
}

const hasPooler = (find: FindTensor) => find('roformer.pooler.dense.weight') !== undefined;
const isClassifier = (find: FindTensor) => find('classifier.out_proj.weight') !== undefined;

/** Published files of RoFormer-Sim do not say that they are of a decoder; they alone have a pooler. */
const isCausal = (find: FindTensor, {is_decoder, architectures}: AuthorsConfig) =>
  is_decoder === true ||
  (Array.isArray(architectures) && architectures.includes('RoFormerForCausalLM')) ||
  hasPooler(find);

/** What a pooler's activation is; RoFormer-Sim's files leave it to whoever loads them, who takes 'linear'. */
function readPooler(find: FindTensor, {pooler_activation}: AuthorsConfig, file: string): {pooler: Activation | null} {
  if (!hasPooler(find)) return {pooler: null};
  const name = pooler_activation ?? 'linear';
  if (typeof name === 'string' && Object.hasOwn(activationNames, name)) return {pooler: activationNames[name]};
  const known = Object.keys(activationNames).join(', ');
  throw new CheckpointError(`${file}: pooler_activation ${JSON.stringify(name)} is unknown; known are ${known}`);
}

/** Files of RoFormerForCausalLM, of RoFormer-Sim too. */
export const causalLayouts = layoutsOf<RoFormerConfig>({
  name: 'roformer',
  architecture: 'RoFormerForCausalLM',
  isDecoder: true,
  isIn: (find, json) => !isClassifier(find) && isCausal(find, json),
  fields: {pooler: {to: (pooler) => (pooler ? {pooler_activation: nameOfActivation(pooler)} : {})}},
  told: {names: ['pooler'], read: readPooler},
  head: (config, checkpoint) => [...(config.pooler ? poolerTensors() : []), ...headTensors(config, checkpoint)],
  resolve: resolveRoFormerConfig,
});

/** Files of RoFormerForMaskedLM. */
export const maskedLayouts = layoutsOf<RoFormerMaskedConfig>({
  name: 'roformer-masked',
  architecture: 'RoFormerForMaskedLM',
  isDecoder: false,
  isIn: (find, json) => !isClassifier(find) && !isCausal(find, json),
  head: headTensors,
  resolve: resolveRoFormerMaskedConfig,
});

/** The names that Hugging Face gives to labels, by which its library knows how many there are. */
function labelNames(numLabels: number) {
  const names = Array.from({length: numLabels}, (_, i) => `LABEL_${i}`);
  return {
    id2label: Object.fromEntries(names.map((name, i) => [String(i), name])),
    label2id: Object.fromEntries(names.map((name, i) => [name, i])),
  };
}

/** Files of RoFormerForSequenceClassification. */
export const classifierLayouts = layoutsOf<RoFormerClassifierConfig>({
  name: 'roformer-classifier',
  architecture: 'RoFormerForSequenceClassification',
  isDecoder: false,
  isIn: isClassifier,
  fields: {numLabels: {to: (numLabels) => ({num_labels: numLabels, ...labelNames(numLabels)})}},
  told: {
    names: ['numLabels'],
    read: (find) => ({numLabels: find('classifier.out_proj.bias')?.shape[0]}),
  },
  head: classifierTensors,
  resolve: resolveRoFormerClassifierConfig,
});

/** How a fresh model is saved: in Hugging Face's names. */
export const [causalLayout] = causalLayouts;
export const [maskedLayout] = maskedLayouts;
export const [classifierLayout] = classifierLayouts;
