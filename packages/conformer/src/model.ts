import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  type CheckpointSource,
  ConfigError,
  DataError,
  inference,
  LayerNorm,
  Linear,
  type LoadOptions,
  loadCheckpoint,
  originOf,
  requireOptions,
  requireState,
  ShapeError,
  SpeechRecognizer,
  type SpeechRecognizerLayers,
  type StateOrigin,
  type StateTree,
  StreamState,
  type StreamStep,
  type VariantLayer,
  xavierUniform,
} from '@variants/core';
import {ConformerBlock} from './block';
import {layouts} from './checkpoints';
import {type ConformerConfig, type ConformerOptions, frameSteps, resolveConformerConfig} from './config';
import {EnterBlocks, FeatureNorm, Subsampling, Waveform} from './front-ends';

/** Options of {@link Conformer.stream}. */
export interface ConformerStreamOptions {
  /** The utterance ends with these frames: what is left is read too, as a shorter chunk, and the stream is over. Default false. */
  last?: boolean;
}

/** What a stream remembers. */
type UtteranceState = {
  /** Features, or samples, that no chunk has been made of yet, or that the next one sees too. */
  pending: tf.Tensor;
  /** By their names. */
  blocks: {[name: string]: StateTree};
  /** Frames that have come out. */
  frames: number;
  /** 1 where the utterance has ended. */
  ended: number;
};

/**
 * Conformer (Gulati et al. 2020): features [batch, frames, features], or samples, to logits [batch, fewer frames,
 * vocabulary] for CTC, or to vectors where `vocabSize` is null. See {@link SpeechRecognizer} for how it is trained.
 */
export class Conformer extends SpeechRecognizer<ConformerConfig> {
  static override readonly className = 'Conformer';
  override layout: CheckpointLayout<ConformerConfig> = layouts[0];
  /** What the states of this model are made by, as they say. */
  readonly stateOrigin: StateOrigin;

  constructor(options: ConformerOptions) {
    const config = resolveConformerConfig(options);
    super(config, stages(config), {name: 'conformer'});
    this.stateOrigin = originOf('conformer', config);
  }

  /**
   * Feeds the next frames, or samples, of an utterance, as many as there are: those of whole chunks come out as logits, the
   * others wait for the next call. The outputs of the pieces are the pieces of what `logits` gives for the whole.
   *
   * @param features [batch, frames, features], or samples [batch, samples].
   * @param state What the call before returned (it is used up), or nothing to start an utterance.
   * @returns `logits` [batch, frames of whole chunks, vocabulary], which may be 0 frames and which the caller disposes, and
   *   the state to go on with, whose size does not grow with the utterance unless leftChunks is null.
   * @throws ConfigError where the configuration has no chunks, or looks ahead of them.
   */
  stream(
    features: tf.Tensor,
    state?: StreamState | null,
    options: ConformerStreamOptions = {},
  ): {logits: tf.Tensor3D; state: StreamState} {
    const {output, state: next} = this.feed(features, state, options, (vectors) => this.logitsOf(vectors));
    return {logits: output, state: next};
  }

  /** {@link stream} to what the head takes: vectors [batch, frames of whole chunks, hidden]. */
  streamVectors(
    features: tf.Tensor,
    state?: StreamState | null,
    options: ConformerStreamOptions = {},
  ): {vectors: tf.Tensor3D; state: StreamState} {
    const {output, state: next} = this.feed(features, state, options, (vectors) => vectors);
    return {vectors: output, state: next};
  }

  private feed(
    features: tf.Tensor,
    state: StreamState | null | undefined,
    options: ConformerStreamOptions,
    finish: (vectors: tf.Tensor) => tf.Tensor,
  ): {output: tf.Tensor3D; state: StreamState} {
    this.requireWeights();
    requireOptions('stream', options, ['last']);
    this.requireStreaming();
    requireState(this.name, state);
    this.requireFeatures(features);
    const {name, stateOrigin: origin} = this;
    const step = {name, time: features.shape[1] as number, origin};
    const {output, state: next} = StreamState.advance(state, step, (tree) => {
      const {output: vectors, state: after} = this.advance(features, tree as UtteranceState | null, options);
      return {output: finish(vectors), state: after};
    });
    return {output: output as tf.Tensor3D, state: next};
  }

  private advance(
    features: tf.Tensor,
    before: UtteranceState | null,
    {last = false}: ConformerStreamOptions,
  ): StreamStep {
    if (before?.ended) throw new DataError(`${this.name}: the utterance of this state has ended; start a new stream`);
    const [batch, batchBefore] = [features.shape[0], before?.pending.shape[0] ?? features.shape[0]];
    if (batch !== batchBefore)
      throw new ShapeError(`${this.name}: a batch of ${batch} cannot continue a stream of a batch of ${batchBefore}`);
    const chunkSize = this.config.chunkSize as number;
    const {reach, step} = frameSteps(this.config);
    const all = before ? tf.concat([before.pending, features], 1) : features.clone();
    const given = all.shape[1] as number;
    const possible = given < reach ? 0 : Math.floor((given - reach) / step) + 1;
    const frames = last ? possible : chunkSize * Math.floor(possible / chunkSize);
    const rest = last ? given : step * frames;
    const rank = [...Array(all.rank - 2).fill(0)];
    const part = (start: number, count: number) => all.slice([0, start, ...rank], [-1, count, ...rank.map(() => -1)]);
    const blocks: {[name: string]: StateTree} = {...before?.blocks};
    const fed = before?.frames ?? 0;
    const state: UtteranceState = {
      pending: part(rest, given - rest),
      blocks,
      frames: fed + frames,
      ended: Number(last),
    };
    if (frames === 0) return {output: tf.zeros([all.shape[0], 0, this.config.hiddenSize]), state};
    const {frontEnd, backbone} = this.parts;
    const seen = part(0, reach + step * (frames - 1));
    const entered = frontEnd.reduce((x, layer) => layer.forward(x, inference), seen);
    const output = backbone.reduce((x, layer) => {
      if (layer instanceof EnterBlocks) return layer.from(fed, x, inference);
      if (!(layer instanceof ConformerBlock)) return layer.forward(x, inference);
      const next = layer.advance(x, before?.blocks[layer.name] ?? null, fed, inference);
      blocks[layer.name] = next.state;
      return next.output;
    }, entered);
    return {output, state};
  }

  private logitsOf(vectors: tf.Tensor): tf.Tensor {
    const {head} = this.parts;
    const {vocabSize} = this.config;
    if (!head) return vectors;
    return vectors.shape[1] === 0
      ? tf.zeros([vectors.shape[0], 0, vocabSize as number])
      : head.forward(vectors, inference);
  }

  private requireStreaming(): void {
    const {chunkSize, causal, convolutionNorm, frontEnd} = this.config;
    const refuse = (reason: string) => {
      throw new ConfigError(`${this.name}: cannot stream: ${reason}`);
    };
    if (chunkSize === null)
      refuse('chunkSize is null, so that frames see all that come; give it the frames of a chunk');
    if (!causal) refuse('causal is false, so that convolutions look ahead; it must be true');
    if (convolutionNorm === 'group') refuse("convolutionNorm is 'group', over all frames; take 'batch' or 'layer'");
    if (typeof frontEnd === 'object' && frontEnd.norm === 'group')
      refuse("the norm of frontEnd is 'group', over all samples; take 'layer'");
  }
}
tf.serialization.registerClass(Conformer);

function stages(config: ConformerConfig): SpeechRecognizerLayers {
  const {vocabSize, numLayers, padding, lengths, normEpsilon, headBias, finalNorm} = config;
  const {reach, step} = frameSteps(config);
  const blocks = Array.from(
    {length: numLayers},
    (_, i) => new ConformerBlock({...blockOf(config), name: `block_${i}`}),
  );
  const enter = new EnterBlocks({
    ...{name: 'enter', scale: config.scaleInput, sinusoids: config.positions === 'absolute'},
    ...{zeroes: padding === 'zeroed', dropout: config.dropout},
  });
  return {
    frontEnd: frontEndOf(config),
    backbone: [enter, ...blocks, ...(finalNorm ? [new LayerNorm({name: 'final_norm', epsilon: normEpsilon})] : [])],
    head:
      vocabSize === null
        ? null
        : new Linear({name: 'head', units: vocabSize, useBias: headBias}, {kernel: xavierUniform()}),
    outputLengths: (frames) =>
      lengths === 'quarter' ? frames.div(4).floor().sub(1) : frames.sub(reach).div(step).floor().add(1),
    fewestFrames: reach,
    masksBackbone: padding !== 'ignored',
  };
}

function frontEndOf({frontEnd, inputSize, hiddenSize, normalizesInput, normEpsilon}: ConformerConfig): VariantLayer[] {
  const projection = new Linear({name: 'projection', units: hiddenSize}, {kernel: xavierUniform()});
  const norm = normalizesInput ? [new FeatureNorm({name: 'normalization'})] : [];
  if (frontEnd === 'none') return inputSize === hiddenSize ? norm : [...norm, projection];
  if (frontEnd === 'subsampling')
    return [...norm, new Subsampling({name: 'subsampling', channels: hiddenSize}), projection];
  const features = new LayerNorm({name: 'projection_norm', epsilon: normEpsilon});
  return [new Waveform({name: 'waveform', ...frontEnd}), features, projection];
}

/** The options of a block. */
function blockOf(config: ConformerConfig): ConstructorParameters<typeof ConformerBlock>[0] {
  const {numHeads, intermediateSize, positions, kernelSize, convolutionNorm, convolutionFirst, causal} = config;
  const {chunkSize, leftChunks, halfSteps, activation, pointwiseBias, depthwiseBias, padding} = config;
  const {dropout, attentionDropout, normEpsilon} = config;
  return {
    ...{numHeads, intermediateSize, positions, kernelSize, convolutionNorm, convolutionFirst, causal},
    ...{chunkSize, leftChunks, halfSteps, activation, pointwiseBias, depthwiseBias, padding},
    ...{dropout, attentionDropout, normEpsilon},
  };
}

/**
 * A Conformer with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function conformer(config: ConformerOptions = {}): Conformer {
  return new Conformer(config);
}

/**
 * A Conformer from a checkpoint of sooftware's, WeNet's, ESPnet's or torchaudio's names, or of Hugging Face's
 * Wav2Vec2Conformer. Those of torchaudio are encoders alone, and so are others that hold no head.
 * @param source Directory, URL, files, or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: LoadOptions<ConformerConfig> = {},
): Promise<Conformer> {
  return loadCheckpoint(source, layouts, conformer, options);
}
