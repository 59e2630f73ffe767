import {
  type Activation,
  activations,
  type Field,
  type Fields,
  fields,
  requireConfig,
  requireDivides,
  requireGivenFields,
  requireOnlyIn,
  resolveFields,
  type SequenceToSequenceConfig,
  usualHeads,
} from '@variants/core';
import {partialSharings, type Sharing, sharingGroups, sharings} from './sharing';

/** Where a block has its norms, in front of each part or behind each sum. */
type Normalization = 'pre' | 'post';
/** Whether each layer has an attention of its own, or all of a stack one. */
type AttentionSharing = 'individual' | 'shared';

/**
 * The configuration of an encoder-decoder whose feed-forwards are shared or left out, or of its decoder-only form. Defaults
 * are One Wide FFN: one feed-forward for the whole encoder, as wide as those of all layers together, and none in the decoder.
 */
export interface WideFfnConfig extends SequenceToSequenceConfig {
  /** Number of different tokens, of sources and targets alike: one matrix embeds both and gives the logits. */
  sourceVocabSize: number;
  /** The same number. Default sourceVocabSize. */
  targetVocabSize: number;
  /** Width D. Default 512. */
  hiddenSize: number;
  /** Heads of the encoder's attention. Default: one per 64 of hiddenSize, at least 1. */
  numHeads: number;
  /** Heads of the decoder's attentions. Default numHeads. */
  numDecoderHeads: number;
  /** Default 6; 0 in the decoder-only form. */
  numEncoderLayers: number;
  /** Default 6; 12 in the decoder-only form. */
  numDecoderLayers: number;
  /** How the encoder's layers share their feed-forwards, see {@link Sharing}. Default 'shared'; 'none' in the decoder-only form. */
  encoderFfn: Sharing;
  /** How the decoder's layers do. Default 'none'; 'shared' in the decoder-only form. */
  decoderFfn: Sharing;
  /** Width of the encoder's feed-forwards. Default 4 hiddenSize, and that of all layers of both stacks together where it is the only one; 0 without any. */
  intermediateSize: number;
  /** Width of the decoder's. Default as intermediateSize's. */
  decoderIntermediateSize: number;
  /** Groups M of the encoder's layers, where encoderFfn is 'sequence', 'cycle' or 'cycleRev'. Default 2; 1 with others. */
  encoderFfnGroups: number;
  /** Groups of the decoder's layers. Default as encoderFfnGroups'. */
  decoderFfnGroups: number;
  /** One feed-forward for all layers of both stacks, which must both be 'shared'. Default false. */
  shareFfnAcross: boolean;
  /** Layers that share a feed-forward share its norm too, as in the paper. Default true. */
  shareFfnNorm: boolean;
  /** Default 'individual'. */
  encoderSelfAttention: AttentionSharing;
  /** Default 'individual'. */
  decoderSelfAttention: AttentionSharing;
  /** Default 'individual'. */
  decoderCrossAttention: AttentionSharing;
  /** A language model of source and target in one sequence, which sees all of the source; see {@link WideFfnOnlyDecoder}. Default false. */
  decoderOnly: boolean;
  /** Of the feed-forwards. Default 'relu'. */
  activation: Activation;
  /** 'post': norms behind each sum, as in the paper's experiments; 'pre': in front of each part, and one behind each stack. Default 'post'. */
  normalization: Normalization;
  /** That of the decoder. Default normalization. */
  decoderNormalization: Normalization;
  /** Epsilon of all norms. Default 1e-5. */
  normEpsilon: number;
  /** The longest source and the longest target. Default 1024. */
  maxSequenceLength: number;
  /** The id that fills up shorter rows. Default 1. */
  padToken: number;
  /** The id that ends sources and targets, and that targets begin with. Default 2. */
  endToken: number;
  /** The share of the probability that training takes from the right token and spreads over all others, 0 up to 1. Default 0. */
  labelSmoothing: number;
  /** A beam search writes at most maxTargetRatio · (tokens of the source) + maxTargetExtra tokens. Default 0. */
  maxTargetRatio: number;
  /** See maxTargetRatio. Default 200. */
  maxTargetExtra: number;
  /** Dropout on the embeddings with their positions and on each part's output. Default 0. */
  dropout: number;
}

/** What {@link wideFfn} takes: everything but sourceVocabSize has a default. */
export type WideFfnOptions = Partial<WideFfnConfig> & Pick<WideFfnConfig, 'sourceVocabSize'>;

const architecture = 'wide-ffn';

/** A number of layers that one side may have none of. */
const layersOf = (fallback: number, least: number): Field<number> => fields.count(fallback, least);

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveWideFfnConfig(options: WideFfnOptions): WideFfnConfig {
  requireGivenFields('wideFfn', options);
  const {hiddenSize = 512, decoderOnly = false, normalization = 'post'} = options;
  const numHeads = options.numHeads ?? usualHeads(hiddenSize);
  const {
    numEncoderLayers = decoderOnly ? 0 : 6,
    numDecoderLayers = decoderOnly ? 12 : 6,
    encoderFfn = decoderOnly ? 'none' : 'shared',
    decoderFfn = decoderOnly ? 'shared' : 'none',
  } = options;
  const widths = usualWidths(hiddenSize, encoderFfn, decoderFfn, numEncoderLayers + numDecoderLayers);
  const groups = (sharing: Sharing) => fields.count(partialSharings.includes(sharing) ? 2 : 1);
  const attention = fields.choice(['individual', 'shared'] as const, 'individual');
  const rules: Fields<WideFfnConfig> = {
    sourceVocabSize: fields.count(),
    targetVocabSize: fields.count(options.sourceVocabSize),
    hiddenSize: fields.count(512, 4),
    numHeads: fields.count(numHeads),
    numDecoderHeads: fields.count(numHeads),
    numEncoderLayers: layersOf(numEncoderLayers, 0),
    numDecoderLayers: layersOf(numDecoderLayers, 1),
    encoderFfn: fields.choice(sharings, encoderFfn),
    decoderFfn: fields.choice(sharings, decoderFfn),
    intermediateSize: fields.count(widths.encoder, 0),
    decoderIntermediateSize: fields.count(widths.decoder, 0),
    encoderFfnGroups: groups(encoderFfn),
    decoderFfnGroups: groups(decoderFfn),
    shareFfnAcross: fields.flag(false),
    shareFfnNorm: fields.flag(true),
    encoderSelfAttention: attention,
    decoderSelfAttention: attention,
    decoderCrossAttention: attention,
    decoderOnly: fields.flag(false),
    activation: fields.choice(activations, 'relu'),
    normalization: fields.choice(['pre', 'post'] as const, 'post'),
    decoderNormalization: fields.choice(['pre', 'post'] as const, normalization),
    normEpsilon: fields.epsilon(1e-5),
    maxSequenceLength: fields.count(1024, 2),
    padToken: fields.count(1, 0),
    endToken: fields.count(2, 0),
    labelSmoothing: fields.rate(0),
    maxTargetRatio: fields.notNegative(0),
    maxTargetExtra: fields.count(200, 0),
    dropout: fields.dropout(),
    seed: fields.seed(),
  };
  const config = resolveFields<WideFfnConfig>(architecture, rules, options);
  checkWideFfnConfig(config);
  return config;
}

/** Widths where none are given: four times the model's, and that of all layers together where there is one feed-forward alone. */
function usualWidths(hiddenSize: number, encoderFfn: Sharing, decoderFfn: Sharing, numLayers: number) {
  const usual = 4 * hiddenSize;
  const width = (own: Sharing, other: Sharing) => {
    if (own === 'none') return 0;
    return own === 'shared' && other === 'none' ? numLayers * usual : usual;
  };
  return {encoder: width(encoderFfn, decoderFfn), decoder: width(decoderFfn, encoderFfn)};
}

function checkWideFfnConfig(config: WideFfnConfig): void {
  const {sourceVocabSize, targetVocabSize, numEncoderLayers, decoderOnly} = config;
  const check = (condition: boolean, message: string) => requireConfig(condition, architecture, message);
  check(
    sourceVocabSize === targetVocabSize,
    `targetVocabSize is ${targetVocabSize}, but must be sourceVocabSize ${sourceVocabSize}, as one matrix is for both`,
  );
  for (const name of ['padToken', 'endToken'] as const)
    check(
      config[name] < sourceVocabSize,
      `${name} is ${config[name]}, but must be below sourceVocabSize ${sourceVocabSize}`,
    );
  check(config.endToken !== config.padToken, `endToken is ${config.endToken}, but must be another than padToken`);
  requireDivides(architecture, config, 'numHeads', 'hiddenSize');
  requireDivides(architecture, config, 'numDecoderHeads', 'hiddenSize');
  check(
    numEncoderLayers === 0 ? decoderOnly : !decoderOnly,
    `numEncoderLayers is ${numEncoderLayers}, but must be ${decoderOnly ? '0 where decoderOnly is true' : 'at least 1'}`,
  );
  checkFeedForwards(config);
  if (!decoderOnly) return;
  check(
    config.encoderFfn === 'none',
    `encoderFfn is ${JSON.stringify(config.encoderFfn)}, but must be "none" where decoderOnly is true`,
  );
  for (const name of ['encoderSelfAttention', 'decoderCrossAttention'] as const)
    check(
      config[name] === 'individual',
      `${name} is ${JSON.stringify(config[name])}, but must be "individual", as where decoderOnly is true there is none`,
    );
}

function checkFeedForwards(config: WideFfnConfig): void {
  const check = (condition: boolean, message: string) => requireConfig(condition, architecture, message);
  const withFfn = sharings.filter((sharing) => sharing !== 'none');
  requireOnlyIn(architecture, config, 'encoderFfn', {intermediateSize: withFfn});
  requireOnlyIn(architecture, config, 'decoderFfn', {decoderIntermediateSize: withFfn});
  const stacks = [
    ['encoderFfn', 'encoderFfnGroups', 'numEncoderLayers'],
    ['decoderFfn', 'decoderFfnGroups', 'numDecoderLayers'],
  ] as const;
  for (const [sharing, groups, layers] of stacks) {
    const most = partialSharings.includes(config[sharing]) ? config[layers] : 1;
    const why = most === 1 ? `as ${sharing} is ${JSON.stringify(config[sharing])}` : `as ${layers} is`;
    check(config[groups] <= most, `${groups} is ${config[groups]}, but must be at most ${most}, ${why}`);
  }
  if (!config.shareFfnAcross) return;
  check(
    config.encoderFfn === 'shared' && config.decoderFfn === 'shared',
    'shareFfnAcross is true, but needs encoderFfn and decoderFfn to be "shared"',
  );
  check(
    config.intermediateSize === config.decoderIntermediateSize,
    `decoderIntermediateSize is ${config.decoderIntermediateSize}, but must be intermediateSize ${config.intermediateSize} where shareFfnAcross is true`,
  );
}

/** Which layers of each stack have a feed-forward in common. */
export function ffnGroups(config: WideFfnConfig): {encoder: number[]; decoder: number[]} {
  return {
    encoder: sharingGroups(config.encoderFfn, config.numEncoderLayers, config.encoderFfnGroups),
    decoder: sharingGroups(config.decoderFfn, config.numDecoderLayers, config.decoderFfnGroups),
  };
}

/** All weights counted once. */
export function countParameters(config: WideFfnConfig): number {
  const {sourceVocabSize, hiddenSize: D, numEncoderLayers, numDecoderLayers, decoderOnly, shareFfnNorm} = config;
  const attention = 4 * (D * D + D);
  const norm = 2 * D;
  const attentions = (sharing: AttentionSharing, layers: number) =>
    (sharing === 'shared' ? Math.min(1, layers) : layers) * attention + layers * norm;
  const groups = ffnGroups(config);
  const feedForwards = (layers: number[], width: number, isElsewhere: boolean) => {
    const count = isElsewhere ? 0 : new Set(layers).size;
    const norms = shareFfnNorm ? count : layers.length;
    return count * (2 * D * width + width + D) + norms * norm;
  };
  const finalNorms = [!decoderOnly && config.normalization === 'pre', config.decoderNormalization === 'pre'].filter(
    Boolean,
  ).length;
  return (
    sourceVocabSize * D +
    attentions(config.encoderSelfAttention, numEncoderLayers) +
    attentions(config.decoderSelfAttention, numDecoderLayers) +
    (decoderOnly ? 0 : attentions(config.decoderCrossAttention, numDecoderLayers)) +
    feedForwards(groups.encoder, config.intermediateSize, false) +
    feedForwards(groups.decoder, config.decoderIntermediateSize, config.shareFfnAcross) +
    finalNorms * norm
  );
}
