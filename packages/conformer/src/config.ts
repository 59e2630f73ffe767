import {
  type Activation,
  activations,
  type Field,
  type Fields,
  fields,
  requireConfig,
  requireDivides,
  requireGivenFields,
  resolveFields,
  type SpeechRecognizerConfig,
  type StackFields,
  stackFields,
} from '@variants/core';
import {type PositionKind, positionKinds} from './attention';
import {convolutionNorms, type PaddingKind, paddingKinds} from './convolution';
import {subsampled, type WaveformConvolutions} from './front-ends';

/** The configuration of a Conformer; the defaults are the paper's small model. */
export interface ConformerConfig extends StackFields, SpeechRecognizerConfig {
  /**
   * Number of different tokens, the blank among them; null: an encoder alone, which gives vectors [batch, frames, hidden]
   * in place of logits. Default null.
   */
  vocabSize: number | null;
  /** The token that stands for none, in CTC. Default 0. */
  blank: number;
  /** Features of a frame, of which samples have none: null where the front end is convolutions over samples. Default 80. */
  inputSize: number | null;
  /**
   * 'subsampling': two convolutions over frames and features, which make one frame of four; 'none': a frame of each frame;
   * an object: convolutions over samples, see {@link WaveformConvolutions}. Default 'subsampling'.
   */
  frontEnd: 'subsampling' | 'none' | WaveformConvolutions;
  /** Normalises features by statistics of the training data, which are weights that are not trained. Default false. */
  normalizesInput: boolean;
  /** Width D. Default 144. */
  hiddenSize: number;
  /** Number of blocks. Default 16. */
  numLayers: number;
  /** Heads of attention, which divide the width. Default 4. */
  numHeads: number;
  /** How attention knows where a frame is, see {@link PositionKind}. Default 'relative'. */
  positions: PositionKind;
  /** Frames that the depthwise convolution sees; odd unless it is causal. Default 31. */
  kernelSize: number;
  /** What normalises in the convolution module: 'batch', 'layer', or 'group', of one group, as torchaudio. Default 'batch'. */
  convolutionNorm: (typeof convolutionNorms)[number];
  /** Puts the convolution module before attention. Default false. */
  convolutionFirst: boolean;
  /** The depthwise convolution looks back alone. Default false. */
  causal: boolean;
  /** Frames of a chunk, after the front end; a frame sees no later chunk. null: all frames see each other. Default null. */
  chunkSize: number | null;
  /** Chunks before its own that a frame sees; null: all. With chunkSize alone. Default null. */
  leftChunks: number | null;
  /** Adds half of what each feed-forward gives; if not, all of it. Default true. */
  halfSteps: boolean;
  /** Of the feed-forwards and the convolution module. Default 'silu'. */
  activation: Activation;
  /** Epsilon of all norms but 'batch', which has 1e-5. Default 1e-5. */
  normEpsilon: number;
  /** Biases of the pointwise convolutions. Default true. */
  pointwiseBias: boolean;
  /** A bias of the depthwise convolution. Default true. */
  depthwiseBias: boolean;
  /** Multiplies what the front end gives by the root of hiddenSize. Default false. */
  scaleInput: boolean;
  /** A LayerNorm behind the last block. Default false. */
  finalNorm: boolean;
  /** A bias of the head. Default true. */
  headBias: boolean;
  /**
   * What frames that are padding are. 'exact': to attention none, to convolutions what is beyond the utterance, so that they
   * leave no trace; 'keys': to attention none, to convolutions frames, as in torchaudio, fairseq and ESPnet; 'zeroed': the
   * same, but zeros before the first block, as in Hugging Face's class; 'wenet': to attention none, to convolutions what the
   * gate makes of zeros; 'ignored': frames as all others, as in sooftware's model. Default 'exact'.
   */
  padding: PaddingKind;
  /**
   * How long an utterance of L frames is after subsampling: 'exact', as many frames as the convolutions make of it; 'quarter',
   * floor(L / 4) - 1, as in sooftware's model, which leaves the last frame out where L is 3 more than a multiple of 4.
   * Default 'exact'.
   */
  lengths: 'exact' | 'quarter';
  /** Dropout before the first block, behind each part, and within the feed-forwards, in training. Default 0. */
  dropout: number;
  /** Dropout of attention's probabilities. Default 0. */
  attentionDropout: number;
}

/** What {@link conformer} takes: everything has a default. */
export type ConformerOptions = Partial<ConformerConfig>;

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((n) => Number.isSafeInteger(n) && n >= 1);

/** What is wrong with convolutions over samples; null: nothing. */
function waveformFault(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const {channels, kernelSizes, strides, useBias, norm, ...others} = value as Partial<WaveformConvolutions>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    return `has the unknown field ${unknown}; known are channels, kernelSizes, strides, useBias, norm`;
  for (const [name, list] of Object.entries({channels, kernelSizes, strides}))
    if (!isCounts(list)) return `its ${name} must be a list of whole numbers of at least 1`;
  const count = (channels as number[]).length;
  if ((kernelSizes as number[]).length !== count || (strides as number[]).length !== count)
    return `its channels, kernelSizes and strides must be equally many`;
  if (typeof useBias !== 'boolean') return 'its useBias must be true or false';
  return norm === 'group' || norm === 'layer' ? null : 'its norm must be one of group, layer';
}

const frontEnd: Field<ConformerConfig['frontEnd']> = {
  allowed: "'subsampling', 'none', or an object with channels, kernelSizes, strides, useBias and norm",
  accepts: (value) =>
    value === 'subsampling' ||
    value === 'none' ||
    (typeof value === 'object' && value !== null && !Array.isArray(value) && waveformFault(value) === null),
  fault: waveformFault,
  fallback: 'subsampling',
};

/** The rules of all fields, given those that others' defaults depend on. */
function conformerRules({hiddenSize = 144, frontEnd: front}: ConformerOptions): Fields<ConformerConfig> {
  const samples = typeof front === 'object' && front !== null;
  return {
    ...stackFields({hiddenSize, numLayers: 16}),
    vocabSize: fields.optional(fields.count(undefined, 2)),
    blank: fields.count(0, 0),
    inputSize: samples ? fields.optional(fields.count()) : fields.count(80),
    frontEnd,
    normalizesInput: fields.flag(false),
    numHeads: fields.count(4),
    positions: fields.choice(positionKinds, 'relative'),
    kernelSize: fields.count(31),
    convolutionNorm: fields.choice(convolutionNorms, 'batch'),
    convolutionFirst: fields.flag(false),
    causal: fields.flag(false),
    chunkSize: fields.optional(fields.count()),
    leftChunks: fields.optional(fields.count(undefined, 0)),
    halfSteps: fields.flag(true),
    activation: fields.choice(activations, 'silu'),
    pointwiseBias: fields.flag(true),
    depthwiseBias: fields.flag(true),
    scaleInput: fields.flag(false),
    finalNorm: fields.flag(false),
    headBias: fields.flag(true),
    padding: fields.choice(paddingKinds, 'exact'),
    lengths: fields.choice(['exact', 'quarter'] as const, 'exact'),
    attentionDropout: fields.dropout(),
  };
}

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveConformerConfig(options: ConformerOptions): ConformerConfig {
  requireGivenFields('conformer', options);
  const config = resolveFields<ConformerConfig>('conformer', conformerRules(options), options);
  checkConformerConfig(config);
  return config;
}

/** Throws a ConfigError where fields do not go together. */
function checkConformerConfig(config: ConformerConfig): void {
  const {vocabSize, blank, inputSize, hiddenSize, numHeads, positions, chunkSize, leftChunks} = config;
  const require = (condition: boolean, message: string) => requireConfig(condition, 'conformer', message);
  requireDivides('conformer', config, 'numHeads', 'hiddenSize');
  const {kernelSize, causal} = config;
  require(causal || kernelSize % 2 === 1, `kernelSize is ${kernelSize}, but must be odd, as causal is false`);
  require(vocabSize === null || blank < vocabSize, `blank is ${blank}, but must be below vocabSize ${vocabSize}`);
  require(positions === 'none' ||
    positions === 'rotary' ||
    hiddenSize % 2 === 0, `hiddenSize is ${hiddenSize}, but must be even, as positions are ${positions}`);
  require(positions !== 'rotary' ||
    (hiddenSize / numHeads) % 2 ===
      0, `numHeads is ${numHeads}, so that a head has ${hiddenSize / numHeads} features, but must leave an even number, as positions are rotary`);
  require(leftChunks === null ||
    chunkSize !== null, `leftChunks is ${leftChunks}, but must be null, as chunkSize is null`);
  const samples = typeof config.frontEnd === 'object';
  require(!samples || inputSize === null, `inputSize is ${inputSize}, but must be null, as frontEnd takes samples`);
  require(config.frontEnd !== 'subsampling' ||
    (inputSize as number) >= 7, `inputSize is ${inputSize}, but must be at least 7, as frontEnd is subsampling`);
  require(config.frontEnd === 'subsampling' ||
    config.lengths === 'exact', `lengths is ${config.lengths}, but must be exact, as frontEnd is not subsampling`);
  require(!samples || !config.normalizesInput, `normalizesInput is true, but must be false, as frontEnd takes samples`);
}

/** How a front end maps frames, or samples, to frames. */
export interface FrameSteps {
  /** What the first frame sees, so the fewest there may be. */
  reach: number;
  /** How much further each next frame sees. */
  step: number;
}

/** The steps of a model's front end. */
export function frameSteps({frontEnd}: Pick<ConformerConfig, 'frontEnd'>): FrameSteps {
  if (frontEnd === 'none') return {reach: 1, step: 1};
  if (frontEnd === 'subsampling') return {reach: 7, step: 4};
  return frontEnd.kernelSizes.reduce<FrameSteps>(
    ({reach, step}, size, i) => ({reach: reach + (size - 1) * step, step: step * frontEnd.strides[i]}),
    {reach: 1, step: 1},
  );
}

/** Weights of a front end, and of the projection behind it. */
function countFrontEnd({frontEnd, inputSize, hiddenSize: D}: ConformerConfig): number {
  if (frontEnd === 'none') return inputSize === D ? 0 : ((inputSize as number) + 1) * D;
  if (frontEnd === 'subsampling') return 10 * D + (9 * D + 1) * D + (D * subsampled(inputSize as number) + 1) * D;
  const {channels, kernelSizes, useBias, norm} = frontEnd;
  const convolutions = channels.map((outputs, i) => {
    const norms = norm === 'layer' || i === 0 ? 2 * outputs : 0;
    return (channels[i - 1] ?? 1) * kernelSizes[i] * outputs + (useBias ? outputs : 0) + norms;
  });
  const last = channels[channels.length - 1];
  return convolutions.reduce((sum, count) => sum + count, 0) + 2 * last + (last + 1) * D;
}

/** All weights, those too that are not trained: running statistics of batches, statistics of features. */
export function countParameters(config: ConformerConfig): number {
  const {hiddenSize: D, intermediateSize: F, numLayers, numHeads: H, kernelSize: K, vocabSize: V} = config;
  const learned = config.positions === 'relative' || config.positions === 'key';
  const attention = 4 * (D + 1) * D + (learned ? D * D + 2 * H * (D / H) : 0);
  const biases = (config.pointwiseBias ? 3 * D : 0) + (config.depthwiseBias ? D : 0);
  const convolution = 2 * D + 3 * D * D + K * D + biases + 2 * D + (config.convolutionNorm === 'batch' ? 2 * D + 1 : 0);
  const block = 2 * (2 * D * F + F + D) + attention + convolution + 4 * 2 * D;
  const statistics = config.normalizesInput ? 2 * (config.inputSize as number) : 0;
  const head = V === null ? 0 : D * V + (config.headBias ? V : 0);
  return statistics + countFrontEnd(config) + numLayers * block + (config.finalNorm ? 2 * D : 0) + head;
}
