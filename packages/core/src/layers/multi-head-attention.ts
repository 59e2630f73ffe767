import * as tf from '@tensorflow/tfjs';
import {ConfigError, ShapeError} from '../errors';
import {attention} from '../kernels/attention';
import {Dropout} from './dropout';
import {type Initializer, xavierUniform} from './initializers';
import {type ForwardOptions, type LayerOptions, lastDimension, VariantLayer} from './layer';
import {Linear} from './linear';

/** Options of {@link MultiHeadAttention}. */
export interface MultiHeadAttentionConfig {
  /** Heads; must divide the width of the queries' input. */
  numHeads: number;
  /** Biases on all projections. Default true. */
  useBias?: boolean;
  /** Dropout on the attention weights. Default 0. */
  dropout?: number;
}

/** How a {@link MultiHeadAttention}'s first weights are drawn. */
export interface MultiHeadAttentionInitializers {
  /** Of queries, keys and values. Default: Glorot's, as for one matrix with all three where their inputs are equally wide. */
  projections?: Initializer;
  /** Default: Glorot's. */
  output?: Initializer;
}

/** Keys and values in heads, [batch, heads, time, head size]: what queries attend to. */
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
 *     q = x W_q;  k = source W_k;  v = source W_v, in heads of size d = hidden / numHeads
 *     y = concat over heads of [softmax(q kᵀ / sqrt(d) + bias) v] · W_o
 *
 * Called with x [batch, time, hidden] it is self-attention in both directions, with [x, source] or [x, keySource,
 * valueSource] cross-attention to sources [batch, keys, any width]; y is [batch, time, hidden]. A query without any key to
 * attend to gets the bias of W_o alone. For causal self-attention with a cache see `SelfAttention`.
 *
 * Children `queries`, `keys`, `values` and `output`, each to the width of x.
 */
export class MultiHeadAttention extends VariantLayer<MultiHeadAttentionConfig> {
  static readonly className = 'VariantsMultiHeadAttention';
  private queries!: Linear;
  private keys!: Linear;
  private values!: Linear;
  private outputProjection!: Linear;
  private dropout!: Dropout;

  constructor(
    config: MultiHeadAttentionConfig & LayerOptions,
    private readonly initializers: MultiHeadAttentionInitializers = {},
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as tf.Shape[];
    const [hiddenSize, keySize = hiddenSize, valueSize = keySize] = shapes.map((s) => lastDimension(s, this.path));
    const {numHeads, useBias, dropout = 0} = this.config;
    if (hiddenSize % numHeads !== 0)
      throw new ConfigError(`${this.path}: numHeads is ${numHeads}, but must divide the width ${hiddenSize}`);
    // Queries, keys and values as one matrix [hidden, 3 hidden] have twice as many inputs and outputs as each alone.
    const gain = keySize === hiddenSize && valueSize === hiddenSize ? Math.SQRT1_2 : 1;
    const {projections = xavierUniform(gain), output = xavierUniform()} = this.initializers;
    const project = (name: string, inputs: number, kernel: Initializer) =>
      this.child(name, new Linear({units: hiddenSize, useBias}, {kernel}), [null, inputs]);
    this.queries = project('queries', hiddenSize, projections);
    this.keys = project('keys', keySize, projections);
    this.values = project('values', valueSize, projections);
    this.outputProjection = project('output', hiddenSize, output);
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
    return {keys: this.inHeads(this.keys.forward(source)), values: this.inHeads(this.values.forward(valueSource))};
  }

  /** What x [batch, time, hidden] finds when it attends to keys and values: [batch, time, hidden]. */
  attend(x: tf.Tensor, {keys, values}: KeysAndValues, options: AttendOptions): tf.Tensor {
    const drops = options.training && (this.config.dropout ?? 0) > 0;
    const {output} = attention(this.inHeads(this.queries.forward(x)), keys, values, {
      ...this.maskAndBias(keys, options),
      ...(drops && {dropout: (probabilities) => this.dropout.forward(probabilities, options)}),
    });
    return this.outputProjection.forward(output.transpose([0, 2, 1, 3]).reshape(x.shape));
  }

  /**
   * How much of each value every query takes, without dropout: [batch, heads, time, keys], rows that add up to 1, or to 0
   * where nothing may be attended to.
   */
  attentionWeights(x: tf.Tensor, keys: tf.Tensor, options: AttendOptions): tf.Tensor {
    const [batch, heads, numKeys] = keys.shape as number[];
    // Where the values are the unit vectors, their weighted sum is the weights.
    const units = tf.broadcastTo(tf.eye(numKeys), [batch, heads, numKeys, numKeys]);
    return attention(this.inHeads(this.queries.forward(x)), keys, units, this.maskAndBias(keys, options)).output;
  }

  /** [batch, time, hidden] as [batch, heads, time, head size]. */
  private inHeads(x: tf.Tensor): tf.Tensor {
    const [batch, time, width] = x.shape as number[];
    const {numHeads} = this.config;
    return x.reshape([batch, time, numHeads, width / numHeads]).transpose([0, 2, 1, 3]);
  }

  private maskAndBias(keys: tf.Tensor, {attentionMask, bias}: AttendOptions): {mask?: tf.Tensor; bias?: tf.Tensor} {
    const [batch, , numKeys] = keys.shape as number[];
    if (attentionMask && attentionMask.shape.join() !== [batch, numKeys].join())
      throw new ShapeError(
        `${this.path}: attentionMask [${attentionMask.shape}] must have the shape [batch, time] of the keys, [${batch},${numKeys}]`,
      );
    return {mask: attentionMask?.expandDims(1).expandDims(1), bias};
  }
}
tf.serialization.registerClass(MultiHeadAttention);
