import {
  type AuthorsConfig,
  type Checkpoint,
  type CheckpointLayout,
  defineLayout,
  type FieldTable,
  mappings,
  readFields,
  type TensorMapping,
} from '@variants/core';
import {
  type PerformerConfig,
  type PerformerMaskedConfig,
  resolvePerformerConfig,
  resolvePerformerMaskedConfig,
} from '../config';
import {
  type PerformerDecoderFields,
  type PerformerEncoderDecoderConfig,
  type PerformerEncoderFields,
  resolveEncoderDecoderConfig,
} from '../seq2seq/config';
import {stackTable} from './fields';
import {type StackNames, stackBuffers, stackTensors} from './tensors';
import {writeSide} from './write-side';

const {linear} = mappings;

/** Files before 2025 have another name for the tables of axial positions. */
const axialNames = (checkpoint: Checkpoint | undefined, theirs: string) =>
  checkpoint?.tensors.has(`${theirs}pos_emb.weights_0`) ? 'weights_' : 'weights.';

const own: StackNames = {theirs: '', ours: '', crossed: false};

type OneStack = PerformerConfig | PerformerMaskedConfig;

function tensors(config: OneStack, checkpoint?: Checkpoint): TensorMapping[] {
  return [
    {theirs: 'token_emb.weight', ours: 'embedding/table'},
    ...stackTensors(config, config.hiddenSize, own, axialNames(checkpoint, '')),
    ...(config.tieEmbedding ? [] : linear('to_out', 'head')),
  ];
}

const isOfKind = ({tensors: stored, config}: Checkpoint, causal: boolean) =>
  stored.has('token_emb.weight') &&
  [...stored.keys()].some((name) => name.startsWith('performer.net.')) &&
  (config?.causal ?? false) === causal;

const {localForm, stabilizer, ...shared} = stackTable;

const tokenFields = {
  vocabSize: {theirs: 'num_tokens', required: true},
  tieEmbedding: {theirs: 'tie_embed', usual: false},
} as const;

/** A causal PerformerLM of performer-pytorch. */
export const causalLayout: CheckpointLayout<PerformerConfig> = defineLayout<PerformerConfig>({
  name: 'performer-pytorch',
  recognizes: (checkpoint) => isOfKind(checkpoint, true),
  fields: {...shared, ...tokenFields, stabilizer} as FieldTable<PerformerConfig>,
  only: {cross_attend: false},
  constants: {causal: true},
  resolve: (options) => resolvePerformerConfig(options as PerformerConfig),
  tensors,
  buffers: (config) => stackBuffers(config, config.hiddenSize, own),
});

/** A PerformerLM of performer-pytorch that looks both ways. */
export const maskedLayout: CheckpointLayout<PerformerMaskedConfig> = defineLayout<PerformerMaskedConfig>({
  name: 'performer-pytorch-encoder',
  recognizes: (checkpoint) => isOfKind(checkpoint, false),
  fields: {...shared, ...tokenFields, localForm} as FieldTable<PerformerMaskedConfig>,
  only: {cross_attend: false},
  constants: {causal: false},
  resolve: (options) => resolvePerformerMaskedConfig(options as PerformerMaskedConfig),
  tensors,
  buffers: (config) => stackBuffers(config, config.hiddenSize, own),
});

const encoderNames: StackNames = {theirs: 'enc.', ours: 'encoder_', crossed: false};
const decoderNames: StackNames = {theirs: 'dec.net.', ours: 'decoder_', crossed: true};

/** The fields of one side, which stand behind a prefix in their configuration. */
function sideOf(json: AuthorsConfig, prefix: string): AuthorsConfig {
  const entries = Object.entries(json).filter(([name]) => name.startsWith(prefix));
  return {dim: json.dim, ...Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value]))};
}

function readSide<Side>(json: AuthorsConfig, prefix: string, file: string, not: string): Side {
  const {[not]: _, hiddenSize: __, ...fields} = stackTable as Record<string, unknown>;
  return readFields(fields as FieldTable<object>, sideOf(json, prefix), file) as Side;
}

function encoderDecoderTensors(config: PerformerEncoderDecoderConfig, checkpoint?: Checkpoint): TensorMapping[] {
  const {hiddenSize, encoder, decoder, shareEmbeddings, tieEmbedding} = config;
  const target = {theirs: 'dec.net.token_emb.weight', ours: 'target_embedding/table'};
  return [
    {theirs: 'enc.token_emb.weight', ours: shareEmbeddings ? 'embedding/table' : 'source_embedding/table'},
    shareEmbeddings ? {...target, ours: 'embedding/table', alias: true} : target,
    ...stackTensors(encoder, hiddenSize, encoderNames, axialNames(checkpoint, 'enc.')),
    ...stackTensors(decoder, hiddenSize, decoderNames, axialNames(checkpoint, 'dec.net.')),
    ...(tieEmbedding ? [] : linear('dec.net.to_out', 'head')),
  ];
}

/** A PerformerEncDec of performer-pytorch. */
export const encoderDecoderLayout: CheckpointLayout<PerformerEncoderDecoderConfig> =
  defineLayout<PerformerEncoderDecoderConfig>({
    name: 'performer-pytorch-encoder-decoder',
    recognizes: ({tensors: stored}) => stored.has('enc.token_emb.weight') && stored.has('dec.net.token_emb.weight'),
    fields: {
      hiddenSize: {theirs: 'dim', required: true},
      sourceVocabSize: {theirs: 'enc_num_tokens', required: true},
      targetVocabSize: {theirs: 'dec_num_tokens', required: true},
      encoder: {
        from: (json, file) => readSide<PerformerEncoderFields>(json, 'enc_', file, 'stabilizer'),
        to: (side, {hiddenSize}) => writeSide(side, hiddenSize, 'enc_'),
      },
      decoder: {
        from: (json, file) => readSide<PerformerDecoderFields>(json, 'dec_', file, 'localForm'),
        to: (side, {hiddenSize}) => writeSide(side, hiddenSize, 'dec_'),
      },
      shareEmbeddings: {theirs: 'tie_token_embeds', usual: false},
      tieEmbedding: {theirs: 'dec_tie_embed', usual: false},
    },
    resolve: (options) => resolveEncoderDecoderConfig(options as PerformerEncoderDecoderConfig),
    tensors: encoderDecoderTensors,
    // Their encoder has a head, which nothing uses.
    buffers: ({encoder, decoder, hiddenSize, sourceVocabSize}) => ({
      ...stackBuffers(encoder, hiddenSize, encoderNames),
      ...stackBuffers(decoder, hiddenSize, decoderNames),
      'enc.to_out.weight': {
        shape: [sourceVocabSize, hiddenSize],
        data: new Float32Array(sourceVocabSize * hiddenSize),
      },
      'enc.to_out.bias': {shape: [sourceVocabSize], data: new Float32Array(sourceVocabSize)},
    }),
  });
