import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../errors';
import {type AttentionOptions, attention} from '../kernels/attention';
import {joinHeads, splitHeads} from '../kernels/heads';
import {type AttentionHeadsConfig, type HeadSizes, headSizes} from './attention-heads';
import {Dropout} from './dropout';
import {type Initializer, xavierUniform} from './initializers';
import {type ForwardOptions, type LayerOptions, lastDimension, VariantLayer} from './layer';
import {Linear} from './linear';
import {streamPositions} from './positions';
import {rotation} from './rotary';

/** Options of {@link MultiHeadAttention}. Rotary positions count from 0 in every sequence. */
export interface MultiHeadAttentionConfig extends AttentionHeadsConfig {}

/** How a {@link MultiHeadAttention}'s first weights are drawn. */
export interface MultiHeadAttentionInitializers {
  /** Of queries, keys and values. Default: Glorot's, as for one matrix with all three where their inputs are equally wide. */
  projections?: Initializer;
  /** Default: Glorot's. */
  output?: Initializer;
}

/** Keys and values in heads, [batch, key heads, time, size]: what queries attend to. */
export type KeysAndValues = {keys: tf.Tensor; values: tf.Tensor};

/** How queries attend; here the `attentionMask` is that of the keys, [batch, keys]. */
export interface AttendOptions extends ForwardOptions {
  /** Added to the scaled scores, -infinity included; broadcast to [batch, heads, queries, keys]. */
  bias?: tf.Tensor;
}

/**
 * Attention in heads, from any sequence to any (Vaswani et al. 2017, section 3.2.2), with the mathematics of PyTorch's
 * nn.MultiheadAttention:
 *
 *     q = x W_q;  k = source W_k;  v = source W_v, in heads of size d
 *     y = concat over heads of [softmax(q kᵀ / sqrt(d) + bias) v] · W_o
 *
 * Called with x [batch, time, hidden] it is self-attention in both directions, with [x, source] or [x, keySource,
 * valueSource] cross-attention to sources [batch, keys, any width]; y is [batch, time, hidden]. A query without any key to
 * attend to gets the bias of W_o alone. For causal self-attention with a cache see `SelfAttention`.
 *
 * Children `queries` [hidden, heads · size], `keys` and `values` [width, key heads · size], `output` to the width of x.
 */
export class MultiHeadAttention extends VariantLayer<MultiHeadAttentionConfig> {
  static readonly className = 'VariantsMultiHeadAttention';
  private queries!: Linear;
  private keys!: Linear;
  private values!: Linear;
  private outputProjection!: Linear;
  private dropout!: Dropout;
  private sizes!: HeadSizes;

  constructor(
    config: MultiHeadAttentionConfig & LayerOptions,
    private readonly initializers: MultiHeadAttentionInitializers = {},
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as tf.Shape[];
    const [hiddenSize, keySize = hiddenSize, valueSize = keySize] = shapes.map((s) => lastDimension(s, this.path));
    this.sizes = headSizes(this.config, hiddenSize, this.path);
    const {numHeads, numKeyValueHeads, headSize, valueHeadSize} = this.sizes;
    const {useBias, useOutputBias = useBias, dropout = 0} = this.config;
    // Queries, keys and values as one matrix [hidden, 3 hidden] have twice as many inputs and outputs as each alone.
    const gain = keySize === hiddenSize && valueSize === hiddenSize ? Math.SQRT1_2 : 1;
    const {projections = xavierUniform(gain), output = xavierUniform()} = this.initializers;
    const project = (name: string, inputs: number, units: number) =>
      this.child(name, new Linear({units, useBias}, {kernel: projections}), [null, inputs]);
    this.queries = project('queries', hiddenSize, numHeads * headSize);
    this.keys = project('keys', keySize, numKeyValueHeads * headSize);
    this.values = project('values', valueSize, numKeyValueHeads * valueHeadSize);
    const toOutput = new Linear({units: hiddenSize, useBias: useOutputBias}, {kernel: output});
    this.outputProjection = this.child('output', toOutput, [null, numHeads * valueHeadSize]);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), [null]);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Partial<AttendOptions> = {}): tf.Tensor {
    const [x, keySource = x, valueSource = keySource] = [inputs].flat();
    const options = {...kwargs, training: kwargs.training === true};
    return tf.tidy(() => this.attend(x, this.keysAndValues(keySource, valueSource), options));
  }

  /** Self-attention of x [batch, time, hidden]. */
  forward(x: tf.Tensor, options: AttendOptions): tf.Tensor {
    return this.attend(x, this.keysAndValues(x), options);
  }

  /**
   * The keys and values of a sequence, to be attended to as often as wanted.
   * @param source [batch, keys, width]
   * @param valueSource Where the values come from if not from the same; as long as source.
   */
  keysAndValues(source: tf.Tensor, valueSource: tf.Tensor = source): KeysAndValues {
    const {numKeyValueHeads} = this.sizes;
    const {rotary} = this.config;
    const turn = rotation(streamPositions(source.shape[1] as number, null), rotary);
    const keys = turn(splitHeads(this.keys.forward(source), numKeyValueHeads));
    const values = splitHeads(this.values.forward(valueSource), numKeyValueHeads);
    return {keys, values: rotary?.values ? turn(values) : values};
  }

  /** What x [batch, time, hidden] finds when it attends to keys and values: [batch, time, hidden]. */
  attend(x: tf.Tensor, {keys, values}: KeysAndValues, options: AttendOptions): tf.Tensor {
    const dropout = this.dropout.inTraining(options);
    const {output} = attention(this.queriesOf(x), keys, values, {...this.attentionOptions(keys, options), dropout});
    return this.outputProjection.forward(joinHeads(output));
  }

  /**
   * How much of each value every query takes, without dropout: [batch, heads, time, keys], rows that add up to 1, or to 0
   * where nothing may be attended to.
   */
  attentionWeights(x: tf.Tensor, keys: tf.Tensor, options: AttendOptions): tf.Tensor {
    const [batch, heads, numKeys] = keys.shape as number[];
    // Where the values are the unit vectors, their weighted sum is the weights.
    const units = tf.broadcastTo(tf.eye(numKeys), [batch, heads, numKeys, numKeys]);
    return attention(this.queriesOf(x), keys, units, this.attentionOptions(keys, options)).output;
  }

  /** [batch, heads, time, head size], turned by their positions. */
  private queriesOf(x: tf.Tensor): tf.Tensor {
    const turn = rotation(streamPositions(x.shape[1] as number, null), this.config.rotary);
    return turn(splitHeads(this.queries.forward(x), this.sizes.numHeads));
  }

  private attentionOptions(keys: tf.Tensor, {attentionMask, bias}: AttendOptions): AttentionOptions {
    const [batch, , numKeys] = keys.shape as number[];
    if (attentionMask && attentionMask.shape.join() !== [batch, numKeys].join())
      throw new ShapeError(
        `${this.path}: attentionMask [${attentionMask.shape}] must have the shape [batch, time] of the keys, [${batch},${numKeys}]`,
      );
    return {scale: this.config.scale, mask: attentionMask?.expandDims(1).expandDims(1), bias};
  }
}
tf.serialization.registerClass(MultiHeadAttention);
