import * as tf from '@tensorflow/tfjs';
import {
  type Advanced,
  CausalLayer,
  Dropout,
  type ForwardOptions,
  LayerNorm,
  residual,
  type StateTree,
} from '@variants/core';
import {GatedChannelMix} from './channel-mix/gated';
import type {RwkvConfig} from './config';
import type {Depth} from './initializers';
import {TimeMix5} from './time-mix/five';
import {TimeMix4} from './time-mix/four';
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
        | 'initialState'
        | 'headSizeDivisor'
        | 'normEpsilon'
        | 'rescaleEvery'
        | 'dropout'
      >
    > {}

/** The time mix of a block's version. */
function timeMix(config: RwkvBlockConfig): CausalLayer {
  const {version = 6, attentionSize, headSizeDivisor, mixRank, decayRank, initialState, layerIndex, numLayers} = config;
  const shared = {attentionSize, layerIndex, numLayers};
  if (version === 4) return new TimeMix4(shared);
  const heads = {...shared, numHeads: config.numHeads ?? 1, headSizeDivisor};
  return version === 5 ? new TimeMix5(heads) : new TimeMix6({...heads, mixRank, decayRank, initialState});
}

/**
 * Time mix and channel mix, each with a norm and a skip connection (Peng et al. 2023, figure 2):
 *
 *     x = x + timeMix(norm x);      x + channelMix(norm x)
 *
 * Children `mixer_norm`, `mixer`, `feed_forward_norm`, `feed_forward`. [batch, time, hidden] to the same.
 */
export class RwkvBlock extends CausalLayer<RwkvBlockConfig> {
  static readonly className = 'RwkvBlock';
  private mixer!: CausalLayer;
  private feedForward!: CausalLayer;
  private mixerNorm!: LayerNorm;
  private feedForwardNorm!: LayerNorm;
  private dropout!: Dropout;

  override build(inputShape: tf.Shape): void {
    const {version, normEpsilon: epsilon, intermediateSize, layerIndex, numLayers, dropout = 0} = this.config;
    this.mixerNorm = this.child('mixer_norm', new LayerNorm({epsilon}), inputShape);
    this.mixer = this.child('mixer', timeMix(this.config), inputShape);
    this.feedForwardNorm = this.child('feed_forward_norm', new LayerNorm({epsilon}), inputShape);
    const channelMix = new GatedChannelMix({version, intermediateSize, layerIndex, numLayers});
    this.feedForward = this.child('feed_forward', channelMix, inputShape);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), inputShape);
    this.built = true;
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.advance(x, null, options).output;
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): Advanced {
    const before = state as {mixer: StateTree; feedForward: StateTree} | null;
    const rescale = this.rescaling(options);
    const mixed = this.part(x, this.mixer, this.mixerNorm, before?.mixer ?? null, rescale.parts, options);
    const {output, state: feedForward} = this.part(
      mixed.output,
      this.feedForward,
      this.feedForwardNorm,
      before?.feedForward ?? null,
      rescale.parts,
      options,
    );
    return {
      output: rescale.sum === 1 ? output : output.mul(rescale.sum),
      state: {mixer: mixed.state, feedForward},
    };
  }

  private part(
    x: tf.Tensor,
    layer: CausalLayer,
    norm: LayerNorm,
    state: StateTree | null,
    scale: number,
    options: ForwardOptions,
  ): Advanced {
    let next: StateTree = null;
    const run = (h: tf.Tensor) => {
      // Padding must leave no trace: the first token after it comes after nothing.
      const kept = options.attentionMask ? h.mul(options.attentionMask.expandDims(2)) : h;
      const step = layer.advance(kept, state, options);
      next = step.state;
      return scale === 1 ? step.output : step.output.mul(scale);
    };
    const output = residual(x, run, {norm, dropout: this.dropout}, {}, options);
    return {output, state: next};
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
