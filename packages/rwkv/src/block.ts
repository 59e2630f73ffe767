import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  Dropout,
  type ForwardOptions,
  LayerNorm,
  lastDimension,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {type ChannelMixState, GatedChannelMix, PlainChannelMix} from './channel-mix';
import type {RwkvConfig} from './config';
import type {Depth} from './initializers';
import type {TimeMix, TimeMixState} from './time-mix/time-mix';
import {TimeMix4} from './time-mix/time-mix-4';
import {TimeMix5} from './time-mix/time-mix-5';
import {TimeMix6} from './time-mix/time-mix-6';
import {TimeMix7} from './time-mix/time-mix-7';

/** Options of {@link RwkvBlock}: those of a model that it depends on, and which of its blocks it is. */
export interface RwkvBlockConfig
  extends Depth,
    Pick<RwkvConfig, 'intermediateSize'>,
    Partial<
      Pick<
        RwkvConfig,
        | 'version'
        | 'attentionSize'
        | 'numHeads'
        | 'mixRank'
        | 'decayRank'
        | 'learningRateRank'
        | 'valueRank'
        | 'gateRank'
        | 'initialState'
        | 'headSizeDivisor'
        | 'normEpsilon'
        | 'rescaleEvery'
        | 'dropout'
      >
    > {}

type ChannelMix = GatedChannelMix | PlainChannelMix;

/** What a stream of a block remembers. */
type RwkvBlockState = {mixer: TimeMixState; feedForward: ChannelMixState};

/** The time mix of a block's version. */
function timeMix(config: RwkvBlockConfig): TimeMix {
  const {version = 7, attentionSize, headSizeDivisor, mixRank, decayRank, initialState} = config;
  const {learningRateRank, valueRank, gateRank, layerIndex, numLayers} = config;
  const shared = {attentionSize, layerIndex, numLayers};
  if (version === 4) return new TimeMix4(shared);
  const heads = {...shared, numHeads: config.numHeads ?? 1};
  if (version === 5) return new TimeMix5({...heads, headSizeDivisor});
  if (version === 6) return new TimeMix6({...heads, headSizeDivisor, mixRank, decayRank, initialState});
  return new TimeMix7({...heads, decayRank, learningRateRank, valueRank, gateRank});
}

/** The channel mix of a block's version. */
function channelMix({version = 7, intermediateSize, layerIndex, numLayers}: RwkvBlockConfig): ChannelMix {
  const shared = {intermediateSize, layerIndex, numLayers};
  return version === 7 ? new PlainChannelMix(shared) : new GatedChannelMix({version, ...shared});
}

/**
 * Time mix and channel mix, each with a norm and a skip connection (Peng et al. 2023, figure 2):
 *
 *     x = x + timeMix(norm x);      x + channelMix(norm x)
 *
 * [batch, time, hidden] to the same. In version 7 all blocks but the last also pass on v_first, the values of the first
 * block's time mix, as further features behind the hidden ones.
 *
 * Children `mixer_norm`, `mixer`, `feed_forward_norm`, `feed_forward`.
 */
export class RwkvBlock extends CausalLayer<RwkvBlockConfig> {
  static readonly className = 'RwkvBlock';
  private mixer!: TimeMix;
  private feedForward!: ChannelMix;
  private mixerNorm!: LayerNorm;
  private feedForwardNorm!: LayerNorm;
  private dropout!: Dropout;
  private hiddenSize!: number;

  override build(inputShape: tf.Shape): void {
    const {normEpsilon: epsilon, dropout = 0} = this.config;
    const {takes, attentionSize} = this.carriedValues(lastDimension(inputShape, this.path));
    this.hiddenSize = lastDimension(inputShape, this.path) - (takes ? attentionSize : 0);
    const shape = [null, this.hiddenSize];
    this.mixerNorm = this.child('mixer_norm', new LayerNorm({epsilon}), shape);
    this.mixer = this.child('mixer', timeMix({...this.config, attentionSize}), inputShape);
    this.feedForwardNorm = this.child('feed_forward_norm', new LayerNorm({epsilon}), shape);
    this.feedForward = this.child('feed_forward', channelMix(this.config), shape);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), shape);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    const width = inputShape[inputShape.length - 1] as number;
    const {takes, gives, attentionSize} = this.carriedValues(width);
    return [...inputShape.slice(0, -1), width + (Number(gives) - Number(takes)) * attentionSize];
  }

  /** Whether the first block's values come in and go out, beside `width` or within it. */
  private carriedValues(width: number): {takes: boolean; gives: boolean; attentionSize: number} {
    const {version = 7, layerIndex = 0, numLayers = 1} = this.config;
    const takes = version === 7 && layerIndex > 0;
    const {attentionSize = takes ? width / 2 : width} = this.config;
    return {takes, gives: version === 7 && layerIndex < numLayers - 1, attentionSize};
  }

  /**
   * What a stream of `batch` sequences remembers that was fed nothing yet: the last inputs of both mixes [batch, hidden]; of
   * the time mix also the sums of version 4 [batch, attention] or the `memory` of the others, keys before values [batch, heads,
   * N, N]. A stream without a state begins the same. Runs inside a `tf.tidy` of the caller.
   */
  initialState(batch = 1): RwkvBlockState {
    return {mixer: this.mixer.initialState(batch), feedForward: this.feedForward.initialState(batch)};
  }

  advance(input: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as RwkvBlockState | null;
    const {takes, gives} = this.carriedValues(input.shape[2] as number);
    const [x, firstValues] = takes ? tf.split(input, [this.hiddenSize, -1], 2) : [input, null];

    const mixerInput = this.normed(x, this.mixerNorm, options);
    const mixerStep = this.mixer.mix(mixerInput, firstValues, before?.mixer ?? null, options);
    const afterMixer = this.sum(x, mixerStep.output, options);

    const feedForwardInput = this.normed(afterMixer, this.feedForwardNorm, options);
    const feedForwardStep = this.feedForward.advance(feedForwardInput, before?.feedForward ?? null, options);
    const output = times(this.sum(afterMixer, feedForwardStep.output, options), this.rescaling(options).sum);
    return {
      output: gives ? tf.concat([output, mixerStep.firstValues as tf.Tensor], 2) : output,
      state: {mixer: mixerStep.state, feedForward: feedForwardStep.state},
    };
  }

  private normed(x: tf.Tensor, norm: LayerNorm, options: ForwardOptions): tf.Tensor {
    const h = norm.forward(x);
    // Padding must leave no trace: the first token after it comes after nothing.
    return options.attentionMask ? h.mul(options.attentionMask.expandDims(2)) : h;
  }

  /** x and what a part of the block adds to it. */
  private sum(x: tf.Tensor, part: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return x.add(this.dropout.forward(times(part, this.rescaling(options).parts), options));
  }

  /** What the mixes' outputs and the block's output are multiplied with. */
  private rescaling({training}: ForwardOptions): {parts: number; sum: number} {
    const {rescaleEvery = 0, layerIndex = 0} = this.config;
    if (training || rescaleEvery === 0) return {parts: 1, sum: 1};
    return {
      parts: 2 ** -Math.floor(layerIndex / rescaleEvery),
      sum: (layerIndex + 1) % rescaleEvery === 0 ? 0.5 : 1,
    };
  }
}
tf.serialization.registerClass(RwkvBlock);

const times = (x: tf.Tensor, factor: number) => (factor === 1 ? x : x.mul(factor));
