import {
  type Activation,
  activations,
  type Fields,
  fields,
  requireConfig,
  requireDivides,
  requireGivenFields,
  resolveFields,
  type StackFields,
  stackFields,
  usualHeads,
} from '@variants/core';
import {
  type CompressionBias,
  type CompressionMethod,
  type CompressionSharing,
  compressionBiases,
  compressionMethods,
  compressionSharings,
} from './compression-layer';

/** The fields that all Linformers have; defaults are those of linformer_roberta_base, without dropout. */
export interface LinformerFields extends StackFields {
  /** Number of different tokens. */
  vocabSize: number;
  /** Width of the embeddings, which projections bring to hiddenSize and back. Default hiddenSize. */
  embeddingSize: number;
  /** Width D. Default 768. */
  hiddenSize: number;
  /** Default 12. */
  numLayers: number;
  /** Heads of queries. Default: as many as hiddenSize can be cut into with 64 features or more each. */
  numHeads: number;
  /** Heads of keys and values, which divide numHeads. Default numHeads. */
  numKeyValueHeads: number;
  /** Features of a head. Default hiddenSize / numHeads. */
  headSize: number;
  /** Of the feed-forward and of the head for tokens. Default 'gelu'. */
  activation: Activation;
  /** The longest sequence n, for which the matrices of compression are made. Default 512. */
  maxSequenceLength: number;
  /** Slots k that a sequence is compressed to. Default: a quarter of maxSequenceLength, but at most 256. */
  compressedLength: number;
  /** How many slots fewer each block has than the one before, at least one being left. Default 0. */
  compressedLengthStep: number;
  /** Who shares matrices of compression. Default 'layerwise'. */
  sharing: CompressionSharing;
  /** How sequences are compressed. Default 'linear'. */
  compression: CompressionMethod;
  /** A bias on what compression gives; 'unused' is in layerwise files of the authors, and added to nothing. Default 'none'. */
  compressionBias: CompressionBias;
  /** A convolution leaves out the last positions where n / k is no whole number, as tatp22's. Default false. */
  dropRemainder: boolean;
  /** The matrices of compression are trained. Default true. */
  trainCompression: boolean;
  /** Values are the compressed keys themselves, as lucidrains' share_kv. Default false. */
  valuesAreKeys: boolean;
  /** Biases on queries, keys and values. Default true. */
  useBias: boolean;
  /** Learned vectors of positions, or sines and cosines to the base 100,000, as tatp22's. Default 'learned'. */
  positions: 'learned' | 'sinusoidal';
  /** Rows of the table of positions before that of the first token; fairseq's has padToken + 1. Default 0. */
  positionOffset: number;
  /** A LayerNorm behind the embeddings. Default true. */
  embeddingNorm: boolean;
  /** Where the blocks' norms stand, before attention and feed-forward or behind the sums. Default 'post'. */
  normalization: 'pre' | 'post';
  /** A LayerNorm behind the last block. Default: as normalization is 'pre'. */
  finalNorm: boolean;
  /** Blocks of two streams, as of the Reformer: x_1 += attention(x_2), x_2 += feedForward(x_1); with 'pre' only. Default false. */
  reversible: boolean;
  /** The id that fills up shorter rows; null: there is none. Default null. */
  padToken: number | null;
  /**
   * Padding counts as 0 in every slot. The official code has it count as any token from the second block on, so that a
   * row's outputs depend on how far it is padded: false, as models from its files are unless told otherwise. Default true.
   */
  masksPadding: boolean;
  /** Dropout behind embeddings, attention and feed-forward, in training. Default 0. */
  dropout: number;
  /** Dropout of attention's probabilities. Default 0. */
  attentionDropout: number;
}

/** The configuration of a Linformer with a head for tokens. */
export interface LinformerConfig extends LinformerFields {
  /** 'bert': a dense layer, the activation, a LayerNorm, a table and a bias; 'linear': a matrix and a bias. Default 'bert'. */
  head: 'bert' | 'linear';
  /** The head's table is that of the embeddings; with head 'bert' only. Default: as head is 'bert'. */
  tieEmbedding: boolean;
}

/** What {@link linformer} takes: everything but vocabSize has a default. */
export type LinformerOptions = Partial<LinformerConfig> & Pick<LinformerConfig, 'vocabSize'>;

/** The configuration of a Linformer with a head for labels of whole sequences. */
export interface LinformerClassifierConfig extends LinformerConfig {
  /** Number of different labels. Default 2. */
  numLabels: number;
  /** Of the dense layer before the labels. Default 'tanh'. */
  poolerActivation: Activation;
  /** Dropout before and behind that layer. Default 0. */
  poolerDropout: number;
  /** Keeps a head for tokens beside, as the authors' files do, see `LinformerClassifier.tokenLogits`. Default false. */
  tokenHead: boolean;
  /** The head's name in the authors' files. Default 'task'. */
  headName: string;
}

/** What {@link linformerClassifier} takes: everything but vocabSize has a default. */
export type LinformerClassifierOptions = Partial<LinformerClassifierConfig> &
  Pick<LinformerClassifierConfig, 'vocabSize'>;

/** The paper's k: a quarter of the positions, 256 for all that have 1,024 or more. */
const usualSlots = (maxSequenceLength: number) => Math.min(256, Math.max(1, Math.floor(maxSequenceLength / 4)));

/** The rules of all fields, given the fields that others' defaults depend on. */
function linformerRules(options: Partial<LinformerConfig>): Fields<LinformerConfig> {
  const {hiddenSize = 768, maxSequenceLength = 512, normalization = 'post', head = 'bert', padToken} = options;
  const numHeads = options.numHeads ?? usualHeads(hiddenSize);
  return {
    vocabSize: fields.count(),
    ...stackFields({hiddenSize, numLayers: 12}),
    embeddingSize: fields.count(hiddenSize),
    numHeads: fields.count(numHeads),
    numKeyValueHeads: fields.count(numHeads),
    // Where the heads do not divide the width, that is said of them.
    headSize: fields.count(Math.ceil(hiddenSize / numHeads) || 1),
    activation: fields.choice(activations, 'gelu'),
    maxSequenceLength: fields.count(512),
    compressedLength: fields.count(usualSlots(maxSequenceLength)),
    compressedLengthStep: fields.count(0, 0),
    sharing: fields.choice(compressionSharings, 'layerwise'),
    compression: fields.choice(compressionMethods, 'linear'),
    compressionBias: fields.choice(compressionBiases, 'none'),
    dropRemainder: fields.flag(false),
    trainCompression: fields.flag(true),
    valuesAreKeys: fields.flag(false),
    useBias: fields.flag(true),
    positions: fields.choice(['learned', 'sinusoidal'] as const, 'learned'),
    positionOffset: fields.count(0, 0),
    embeddingNorm: fields.flag(true),
    normalization: fields.choice(['pre', 'post'] as const, 'post'),
    finalNorm: fields.flag(normalization === 'pre'),
    reversible: fields.flag(false),
    padToken: padToken == null ? fields.optional(fields.count(0, 0)) : fields.count(0, 0),
    masksPadding: fields.flag(true),
    attentionDropout: fields.dropout(),
    head: fields.choice(['bert', 'linear'] as const, 'bert'),
    tieEmbedding: fields.flag(head === 'bert'),
  };
}

/** Throws a ConfigError where fields do not go together. */
function checkLinformerConfig(name: string, config: LinformerConfig, isHeadSizeGiven: boolean): void {
  const {vocabSize, embeddingSize, maxSequenceLength, compressedLength, compressedLengthStep, sharing} = config;
  const {compression, compressionBias, padToken, positions, normalization, reversible, head, tieEmbedding} = config;
  const isWindowed = compression !== 'linear';
  if (!isHeadSizeGiven) requireDivides(name, config, 'numHeads', 'hiddenSize');
  requireDivides(name, config, 'numKeyValueHeads', 'numHeads');
  const rules: [holds: boolean, message: string][] = [
    [
      !isWindowed || compressedLength <= maxSequenceLength,
      `compressedLength is ${compressedLength}, but must be at most maxSequenceLength ${maxSequenceLength} with compression '${compression}'`,
    ],
    [
      sharing !== 'layerwise' || compressedLengthStep === 0,
      `compressedLengthStep is ${compressedLengthStep}, but must be 0 with sharing 'layerwise', as all blocks have one matrix`,
    ],
    [
      compressionBias === 'none' || compression === 'linear' || compression === 'convolution',
      `compressionBias is '${compressionBias}', but must be 'none' with compression '${compression}', which learns nothing`,
    ],
    [
      padToken === null || padToken < vocabSize,
      `padToken is ${padToken}, but must be below vocabSize ${vocabSize}, or null`,
    ],
    [
      positions === 'learned' || embeddingSize % 2 === 0,
      `embeddingSize is ${embeddingSize}, but must be even with positions 'sinusoidal'`,
    ],
    [!reversible || normalization === 'pre', `normalization is 'post', but must be 'pre' as reversible is true`],
    [!tieEmbedding || head === 'bert', `tieEmbedding is true, but must be false with head 'linear'`],
  ];
  for (const [holds, message] of rules) requireConfig(holds, name, message);
}

/**
 * Completes and checks the configuration of a Linformer with a head for tokens.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveLinformerConfig(options: Partial<LinformerConfig>): LinformerConfig {
  requireGivenFields('linformer', options);
  const config = resolveFields<LinformerConfig>('linformer', linformerRules(options), options);
  checkLinformerConfig('linformer', config, options.headSize != null);
  return config;
}

/** The same for one with a head for labels. */
export function resolveLinformerClassifierConfig(
  options: Partial<LinformerClassifierConfig>,
): LinformerClassifierConfig {
  const name = 'linformer-classifier';
  requireGivenFields(name, options);
  const rules: Fields<LinformerClassifierConfig> = {
    ...linformerRules(options),
    numLabels: fields.count(2),
    poolerActivation: fields.choice(activations, 'tanh'),
    poolerDropout: fields.dropout(),
    tokenHead: fields.flag(false),
    headName: {
      allowed: 'a name of letters, digits, _ and -',
      accepts: (v) => typeof v === 'string' && /^[\w-]+$/.test(v),
      fallback: 'task',
    },
  };
  const config = resolveFields<LinformerClassifierConfig>(name, rules, options);
  checkLinformerConfig(name, config, options.headSize != null);
  return config;
}

/** The slots of block `i`. */
export const slotsOf = ({compressedLength, compressedLengthStep}: LinformerFields, i: number): number =>
  Math.max(1, compressedLength - i * compressedLengthStep);
