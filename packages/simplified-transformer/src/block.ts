import * as tf from '@tensorflow/tfjs';
import {
  activation,
  CausalLayer,
  Dropout,
  type ForwardOptions,
  fields,
  LayerNorm,
  type LayerOptions,
  lastDimension,
  normal,
  resolveFields,
  type StateTree,
  type StreamStep,
  VariantLayer,
} from '@variants/core';
import type {BlockFields, BlockPlace} from './block-fields';
import {blockRules, checkBlock, matricesOf, normsOf} from './config';
import {constant, GainedLinear} from './gained-linear';
import {IdleNorm, RootMeanSquareNorm} from './norm';
import {ShapedAttention, type ShapedAttentionConfig} from './shaped-attention-layer';

/** Options of {@link SimplifiedBlock}: fields of a configuration, and where the block stands. By default it is alone. */
export type SimplifiedBlockConfig = Partial<BlockFields & BlockPlace>;

/** The options of a block's attention. */
export function attentionOptions(config: BlockFields & {hiddenSize: number}, place: BlockPlace): ShapedAttentionConfig {
  const {numHeads, hiddenSize, valueInit, outputInit} = config;
  const {values, output} = matricesOf(config, place);
  const scale =
    (config.scaleAttention ? (hiddenSize / numHeads) ** -0.5 : 1) /
    (config.scaleAttentionByLayer ? place.layer + 1 : 1);
  return {
    numHeads,
    centred: config.centred,
    softmaxGain: config.softmaxGain,
    identityGain: config.identityGain,
    centreGain: config.centreGain,
    trainableGains: config.trainableMatrixGains,
    values: values === undefined ? null : {gains: values, init: valueInit},
    output: output === undefined ? null : {gains: output, init: outputInit},
    scale,
    queryKeyNorm: config.queryKeyNorm,
    normEpsilon: config.normEpsilon,
    capScores: config.capScores,
    queryStd: config.queryStd,
    keyStd: config.keyStd,
    dropout: config.dropout,
  };
}

/** The feed-forward, down(activation(up x)). Its biases are never trained. Children `up`, `down`. */
class PlainFeedForward extends VariantLayer<Pick<BlockFields, 'intermediateSize' | 'activation' | 'negativeSlope'>> {
  static readonly className = 'SimplifiedFeedForward';
  private up!: GainedLinear;
  private down!: GainedLinear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {intermediateSize} = this.config;
    this.up = this.child('up', new GainedLinear({units: intermediateSize}, normal(0.02)), inputShape);
    this.down = this.child('down', new GainedLinear({units: hiddenSize}, normal(0.02)), [null, intermediateSize]);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return this.scaled(x, null);
  }

  /** {@link forward} times a factor [1]. */
  scaled(x: tf.Tensor, factor: tf.Tensor | null): tf.Tensor {
    const {activation: name, negativeSlope} = this.config;
    const up = this.up.forward(x);
    return this.down.scaled(negativeSlope > 0 ? up.leakyRelu(negativeSlope) : activation(name)(up), factor);
  }
}
tf.serialization.registerClass(PlainFeedForward);

type Norm = VariantLayer | null;
type NormKind = ReturnType<typeof normsOf>[number];

const idle = (kind: NormKind): Norm => kind && new IdleNorm({useBias: kind === 'layerNorm'});

/**
 * A block of attention and feed-forward, [batch, time, hidden] to the same. With gains g and skips where their gains s are
 * not 0 at first:
 *
 *     in turn:     y = g_a attention(norm x) + s_a x;      z = g_f feedForward(norm y) + s_f y
 *     parallel:    z = g_a attention(norm x) + g_f feedForward(norm x) + s_f x
 *
 * With `normalization` 'post' each x and y above is first replaced by its norm. Weights `attention_gain`,
 * `attention_skip_gain`, `feed_forward_gain`, `feed_forward_skip_gain` [1]; children `mixer_norm`, `mixer`,
 * `feed_forward_norm`, `feed_forward`.
 */
export class SimplifiedBlock extends CausalLayer<SimplifiedBlockConfig> {
  static readonly className = 'SimplifiedBlock';
  private fields!: BlockFields & BlockPlace;
  private norms!: [mixer: Norm, feedForward: Norm];
  private mixer!: ShapedAttention;
  private feedForward!: PlainFeedForward;
  private gains!: {[name in 'attention' | 'attentionSkip' | 'feedForward' | 'feedForwardSkip']: tf.LayerVariable};
  private dropout!: Dropout;

  constructor(config: SimplifiedBlockConfig & LayerOptions = {}) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    this.fields = this.complete(hiddenSize);
    const {intermediateSize, activation: name, negativeSlope, layer, parallel, dropout} = this.fields;
    this.makeGains();
    const [mixerNorm, feedForwardNorm] = normsOf(this.fields, layer);
    const add = (child: string, norm: Norm) => norm && this.child(child, norm, inputShape);
    const first = add('mixer_norm', this.norm(mixerNorm));
    const attention = new ShapedAttention(attentionOptions({...this.fields, hiddenSize}, this.fields));
    this.mixer = this.child('mixer', attention, inputShape);
    const second = parallel ? idle(feedForwardNorm) : this.norm(feedForwardNorm);
    this.norms = [first, add('feed_forward_norm', second)];
    const feed = new PlainFeedForward({intermediateSize, activation: name, negativeSlope});
    this.feedForward = this.child('feed_forward', feed, inputShape);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), inputShape);
  }

  private complete(hiddenSize: number): BlockFields & BlockPlace {
    const {numLayers = 1} = this.config;
    const rules = {
      ...blockRules(this.config, {hiddenSize, numLayers}),
      layer: fields.count(0, 0),
      numLayers: fields.count(1),
    };
    const {name: _, inputShape: __, trainable: ___, ...given} = this.config as SimplifiedBlockConfig & LayerOptions;
    const complete = resolveFields<BlockFields & BlockPlace>(this.path, rules, given);
    checkBlock(this.path, {...complete, hiddenSize});
    return complete;
  }

  private norm(kind: NormKind): Norm {
    const {normEpsilon: epsilon} = this.fields;
    if (kind === null) return null;
    return kind === 'rmsNorm' ? new RootMeanSquareNorm({epsilon}) : new LayerNorm({epsilon});
  }

  private makeGains(): void {
    const {parallel, attentionGain, attentionSkipGain, feedForwardGain, feedForwardSkipGain} = this.fields;
    const {trainableAttentionGains, trainableFeedForwardGains} = this.fields;
    const gain = (name: string, value: number, trainable: boolean) =>
      this.weight(name, [1], constant(value), trainable);
    const skips = !parallel;
    this.gains = {
      attention: gain('attention_gain', attentionGain, trainableAttentionGains),
      attentionSkip: gain(
        'attention_skip_gain',
        attentionSkipGain,
        trainableAttentionGains && skips && attentionSkipGain !== 0,
      ),
      feedForward: gain('feed_forward_gain', feedForwardGain, trainableFeedForwardGains),
      feedForwardSkip: gain(
        'feed_forward_skip_gain',
        feedForwardSkipGain,
        trainableFeedForwardGains && skips && feedForwardSkipGain !== 0,
      ),
    };
  }

  /** The matrix A of attention's softmax, of a whole sequence [batch, time, hidden]: [batch, heads, time, time]. To look at. */
  probabilities(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return tf.tidy(() => this.mixer.probabilities(this.norms[0]?.forward(x, options) ?? x, options));
  }

  advance(x: tf.Tensor, before: StateTree | null, options: ForwardOptions): StreamStep {
    const {normalization, parallel} = this.fields;
    const {attentionSkipGain, feedForwardSkipGain} = this.fields;
    const [mixerNorm, feedForwardNorm] = this.norms;
    const times = (y: tf.Tensor, gain: keyof typeof this.gains) => y.mul(this.gains[gain].read());
    const feed = (h: tf.Tensor) =>
      this.dropout.forward(this.feedForward.scaled(h, this.gains.feedForward.read()), options);
    const normalise = (y: tf.Tensor, norm: Norm) => {
      const h = norm?.forward(y, options) ?? y;
      return {skip: normalization === 'post' ? h : y, h};
    };

    const {skip, h} = normalise(x, mixerNorm);
    const {output, state} = this.mixer.scaled(h, before, options, this.gains.attention.read());
    let y = output;
    if (parallel) {
      y = y.add(feed(h));
      return {output: feedForwardSkipGain === 0 ? y : y.add(times(skip, 'feedForwardSkip')), state};
    }
    if (attentionSkipGain !== 0) y = y.add(times(skip, 'attentionSkip'));
    const second = normalise(y, feedForwardNorm);
    const z = feed(second.h);
    return {output: feedForwardSkipGain === 0 ? z : z.add(times(second.skip, 'feedForwardSkip')), state};
  }
}
tf.serialization.registerClass(SimplifiedBlock);
