import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  Dropout,
  type ForwardOptions,
  LayerNorm,
  lastDimension,
  residualStep,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {GatedChannelMix} from './channel-mix/gated';
import {PlainChannelMix} from './channel-mix/plain';
import type {RwkvConfig} from './config';
import type {Depth} from './initializers';
import {TimeMix5} from './time-mix/five';
import {TimeMix4} from './time-mix/four';
import {TimeMix7} from './time-mix/seven';
import {TimeMix6} from './time-mix/six';

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

/** The time mix of a block's version. */
function timeMix(config: RwkvBlockConfig): CausalLayer {
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
function channelMix({version = 7, intermediateSize, layerIndex, numLayers}: RwkvBlockConfig): CausalLayer {
  const shared = {intermediateSize, layerIndex, numLayers};
  return version === 7 ? new PlainChannelMix(shared) : new GatedChannelMix({version, ...shared});
}

/**
 * Time mix and channel mix, each with a norm and a skip connection (Peng et al. 2023, figure 2):
 *
 *     x = x + timeMix(norm x);      x + channelMix(norm x)
 *
 * [batch, time, hidden] to the same. In version 7 all blocks but the last also pass on the values of the first block's time
 * mix, as further features behind the hidden ones.
 *
 * Children `mixer_norm`, `mixer`, `feed_forward_norm`, `feed_forward`.
 */
export class RwkvBlock extends CausalLayer<RwkvBlockConfig> {
  static readonly className = 'RwkvBlock';
  private mixer!: CausalLayer;
  private feedForward!: CausalLayer;
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

  advance(input: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as {mixer: StateTree; feedForward: StateTree} | null;
    const {takes, gives} = this.carriedValues(input.shape[2] as number);
    const [x, given] = takes ? tf.split(input, [this.hiddenSize, -1], 2) : [input];
    let values = given;
    const mix = (h: tf.Tensor) => {
      if (!(this.mixer instanceof TimeMix7)) return this.mixer.advance(h, before?.mixer ?? null, options);
      const step = this.mixer.mix(h, given ?? null, before?.mixer ?? null);
      values ??= step.values;
      return step;
    };
    const mixed = this.part(x, this.mixerNorm, mix, options);
    const feed = (h: tf.Tensor) => this.feedForward.advance(h, before?.feedForward ?? null, options);
    const fed = this.part(mixed.output, this.feedForwardNorm, feed, options);
    const sum = this.rescaling(options).sum;
    const output = sum === 1 ? fed.output : fed.output.mul(sum);
    return {
      output: gives ? tf.concat([output, values as tf.Tensor], 2) : output,
      state: {mixer: mixed.state, feedForward: fed.state},
    };
  }

  private part(x: tf.Tensor, norm: LayerNorm, run: (h: tf.Tensor) => StreamStep, options: ForwardOptions): StreamStep {
    const scale = this.rescaling(options).parts;
    const scaled = (h: tf.Tensor) => {
      // Padding must leave no trace: the first token after it comes after nothing.
      const {output, state} = run(options.attentionMask ? h.mul(options.attentionMask.expandDims(2)) : h);
      return {output: scale === 1 ? output : output.mul(scale), state};
    };
    return residualStep(x, scaled, {norm, dropout: this.dropout, run: options});
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
