import {
  activations,
  type Field,
  type Fields,
  fields,
  type LanguageModelConfig,
  requireConfig,
  requireDivides,
  requireGivenFields,
  resolveFields,
  type StackFields,
  stackFields,
} from '@variants/core';
import type {BlockFields, BlockPlace} from './block-fields';
import {blocks} from './blocks';

/** The configuration of a simplified Transformer. `blocks` has the fields of each of the authors' forms. */
export interface SimplifiedTransformerConfig extends LanguageModelConfig, StackFields, BlockFields {
  /** Of the blocks and behind the embedding. Default 0. */
  dropout: number;
  /** Width of the feed-forward. Default 4 hiddenSize. */
  intermediateSize: number;
  /** Epsilon of all norms. Default 1e-5. */
  normEpsilon: number;
  /** The longest sequence: there is a learned position for each. Default 1024. */
  maxSequenceLength: number;
}

/** What {@link simplifiedTransformer} takes: everything but vocabSize has a default. */
export type SimplifiedTransformerOptions = Partial<SimplifiedTransformerConfig> &
  Pick<SimplifiedTransformerConfig, 'vocabSize'>;

const number = (fallback: number): Field<number> => ({
  allowed: 'a number',
  accepts: (value) => Number.isFinite(value),
  fallback,
});

/** Depth of the models that the authors' gain of the feed-forward, 0.1, is for. */
const authorsDepth = 18;

const inits = ['normal', 'orthogonal', 'identity'] as const;

/** The rules of {@link BlockFields}, for what was given. */
export function blockRules(
  options: Partial<BlockFields>,
  {hiddenSize, numLayers}: {hiddenSize: number; numLayers: number},
): Fields<BlockFields> {
  const usual = blocks.sasParallel;
  return {
    numHeads: fields.count(hiddenSize % 64 === 0 ? hiddenSize / 64 : 1),
    intermediateSize: fields.count(4 * hiddenSize),
    activation: fields.choice(activations, 'relu'),
    negativeSlope: fields.notNegative(0),
    norm: fields.choice(['rmsNorm', 'layerNorm', 'none'] as const, usual.norm),
    normEpsilon: fields.epsilon(1e-5),
    normalization: fields.choice(['pre', 'post'] as const, usual.normalization),
    parallel: fields.flag(usual.parallel),
    attentionGain: number(usual.attentionGain),
    attentionSkipGain: number(usual.attentionSkipGain),
    feedForwardGain: number(0.1 * Math.sqrt(authorsDepth / numLayers)),
    feedForwardSkipGain: number(usual.feedForwardSkipGain),
    softmaxGain: number(usual.softmaxGain),
    centred: fields.flag(usual.centred),
    identityGain: number(usual.identityGain),
    centreGain: number(usual.centreGain),
    plainValues: fields.flag(usual.plainValues),
    valueGain: number(usual.valueGain),
    firstValueGain: number(usual.firstValueGain),
    valueSkipGain: number(usual.valueSkipGain),
    valueInit: fields.choice(inits, options.plainValues ? 'normal' : usual.valueInit),
    plainOutput: fields.flag(usual.plainOutput),
    outputGain: number(usual.outputGain),
    lastOutputGain: number(options.outputGain ?? usual.outputGain),
    outputSkipGain: number(usual.outputSkipGain),
    outputInit: fields.choice(inits, options.plainOutput ? 'normal' : usual.outputInit),
    queryKeyNorm: fields.flag(false),
    capScores: fields.flag(false),
    scaleAttention: fields.flag(true),
    scaleAttentionByLayer: fields.flag(false),
    queryStd: fields.notNegative(usual.queryStd),
    keyStd: fields.notNegative(0.02),
    trainableAttentionGains: fields.flag(usual.trainableAttentionGains),
    trainableFeedForwardGains: fields.flag(usual.trainableFeedForwardGains),
    trainableMatrixGains: fields.flag(usual.trainableMatrixGains),
    trainableValueGains: fields.flag(usual.trainableValueGains),
    trainableOutputGains: fields.flag(usual.trainableOutputGains),
    dropout: fields.dropout(),
  };
}

/**
 * Holds the fields of a block to each other.
 * @throws ConfigError that names the fields and what is allowed.
 */
export function checkBlock(architecture: string, config: BlockFields & {hiddenSize: number}): void {
  requireDivides(architecture, config, 'numHeads', 'hiddenSize');
  const {activation, negativeSlope} = config;
  requireConfig(
    negativeSlope === 0 || activation === 'relu',
    architecture,
    `negativeSlope is ${negativeSlope}, but must be 0, as activation ${activation} has none`,
  );
  for (const [init, plain] of [
    ['valueInit', 'plainValues'],
    ['outputInit', 'plainOutput'],
  ] as const)
    requireConfig(
      config[plain] || config[init] === 'identity',
      architecture,
      `${init} is "${config[init]}", but must be "identity" unless ${plain} is true: a matrix with gains starts at 0 beside the identity`,
    );
}

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveSimplifiedTransformerConfig(options: SimplifiedTransformerOptions): SimplifiedTransformerConfig {
  const name = 'simplified-transformer';
  requireGivenFields(name, options);
  const {hiddenSize = 512, numLayers = 6} = options;
  const config = resolveFields<SimplifiedTransformerConfig>(
    name,
    {
      vocabSize: fields.count(),
      ...stackFields({hiddenSize}),
      ...blockRules(options, {hiddenSize, numLayers}),
      maxSequenceLength: fields.count(1024),
    },
    options,
  );
  checkBlock(name, config);
  return config;
}

/** Whether values, or the output, have a matrix in a block. */
const hasMatrix = (plain: boolean, gain: number, skipGain: number) => plain || gain !== 0 || skipGain !== 1;

/** What the matrices of values and output are in a block: their first gains, null for none; undefined where there is no matrix. */
export function matricesOf(config: BlockFields, {layer, numLayers}: BlockPlace) {
  const {plainValues, valueSkipGain, plainOutput, outputSkipGain} = config;
  const valueGain = layer === 0 ? config.firstValueGain : config.valueGain;
  const outputGain = layer === numLayers - 1 ? config.lastOutputGain : config.outputGain;
  const gains = (gain: number, skipGain: number, trainable: boolean) => ({gain, skipGain, trainable});
  return {
    values: hasMatrix(plainValues, valueGain, valueSkipGain)
      ? plainValues
        ? null
        : gains(valueGain, valueSkipGain, config.trainableValueGains)
      : undefined,
    output: hasMatrix(plainOutput, outputGain, outputSkipGain)
      ? plainOutput
        ? null
        : gains(outputGain, outputSkipGain, config.trainableOutputGains)
      : undefined,
  };
}

/** The kinds of a block's two norms, in the order of the stream; null for none. */
export function normsOf({norm}: Pick<BlockFields, 'norm'>, layer: number): ('rmsNorm' | 'layerNorm' | null)[] {
  if (norm !== 'none') return [norm, norm];
  return [layer === 0 ? 'layerNorm' : null, null];
}

/** All weights counted once, those that are never trained too. */
export function countParameters(config: SimplifiedTransformerConfig): number {
  const {vocabSize, maxSequenceLength, hiddenSize: D, numLayers, numHeads} = config;
  const {intermediateSize: F} = config;
  const count = (_: unknown, layer: number) => {
    const {values, output} = matricesOf(config, {layer, numLayers});
    const matrices = [values, output].map((gains) => (gains === undefined ? 0 : D * D + D + (gains ? 2 : 0)));
    const norms = normsOf(config, layer).map((norm) => (norm === null ? 0 : norm === 'rmsNorm' ? D : 2 * D));
    const attention = 2 * D * D + 2 * D + 3 * numHeads + (config.queryKeyNorm ? (2 * D) / numHeads : 0);
    return matrices[0] + matrices[1] + norms[0] + norms[1] + attention + 2 * D * F + F + D + 4;
  };
  const stack = Array.from({length: numLayers}, count).reduce((sum, size) => sum + size, 0);
  return (vocabSize + maxSequenceLength) * D + stack + 2 * D;
}
