import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  Dropout,
  type ForwardOptions,
  firstShape,
  LayerNorm,
  lastDimension,
  type Passed,
  type StateTree,
  type StreamStep,
  withoutPadding,
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
 * [batch, time, hidden] to the same. In version 7 the first block gives `firstValues`, v_first [batch, time, attention], the
 * values of its time mix, to all others.
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

  override get takes(): readonly string[] {
    const {version = 7, layerIndex = 0} = this.config;
    return version === 7 && layerIndex > 0 ? ['firstValues'] : [];
  }

  override get gives(): readonly string[] {
    const {version = 7, layerIndex = 0, numLayers = 1} = this.config;
    return version === 7 && layerIndex === 0 && numLayers > 1 ? ['firstValues'] : [];
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const {normEpsilon: epsilon, dropout = 0} = this.config;
    const shape = [null, lastDimension(inputShape, this.path)];
    this.mixerNorm = this.child('mixer_norm', new LayerNorm({epsilon}), shape);
    this.mixer = this.child('mixer', timeMix(this.config), shape);
    this.feedForwardNorm = this.child('feed_forward_norm', new LayerNorm({epsilon}), shape);
    this.feedForward = this.child('feed_forward', channelMix(this.config), shape);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), shape);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    const x = firstShape(inputShape);
    const values = [...x.slice(0, -1), this.config.attentionSize ?? x[x.length - 1]];
    return this.gives.length === 0 ? x : [x, values];
  }

  override pass(x: tf.Tensor, options: ForwardOptions): Passed {
    return this.advance(x, null, options);
  }

  /**
   * What a stream of `batch` sequences remembers that was fed nothing yet: the last inputs of both mixes [batch, hidden]; of
   * the time mix also the sums of version 4 [batch, attention] or the `memory` of the others, keys before values [batch, heads,
   * N, N]. A stream without a state begins the same. Runs inside a `tf.tidy` of the caller.
   */
  initialState(batch = 1): RwkvBlockState {
    return {mixer: this.mixer.initialState(batch), feedForward: this.feedForward.initialState(batch)};
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as RwkvBlockState | null;
    const mixerInput = this.normed(x, this.mixerNorm, options);
    const mixerStep = this.mixer.advance(mixerInput, before?.mixer ?? null, options);
    const afterMixer = this.sum(x, mixerStep.output, options);

    const feedForwardInput = this.normed(afterMixer, this.feedForwardNorm, options);
    const feedForwardStep = this.feedForward.advance(feedForwardInput, before?.feedForward ?? null, options);
    return {
      output: times(this.sum(afterMixer, feedForwardStep.output, options), this.rescaling(options).sum),
      state: {mixer: mixerStep.state, feedForward: feedForwardStep.state},
      carried: this.gives.length === 0 ? undefined : mixerStep.carried,
    };
  }

  private normed(x: tf.Tensor, norm: LayerNorm, options: ForwardOptions): tf.Tensor {
    const h = norm.forward(x);
    // Padding must leave no trace: the first token after it comes after nothing.
    return withoutPadding(h, options.attentionMask);
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
