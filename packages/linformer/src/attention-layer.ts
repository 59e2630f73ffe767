import * as tf from '@tensorflow/tfjs';
import {
  attention,
  Dropout,
  type ForwardOptions,
  type HeadSizes,
  headSizes,
  type Initializer,
  joinHeads,
  type LayerOptions,
  Linear,
  lastDimension,
  normal,
  ShapeError,
  splitHeads,
  VariantLayer,
} from '@variants/core';
import {
  type Compressed,
  type CompressionBias,
  type CompressionMethod,
  type CompressionSharing,
  requireLengths,
  SequenceCompression,
} from './compression-layer';

/** Options of {@link LinformerAttention}. */
export interface LinformerAttentionConfig {
  /** Heads of the queries. */
  numHeads: number;
  /** Heads of keys and values, which divide numHeads. Default numHeads. */
  numKeyValueHeads?: number;
  /** Features of a head. Default: the input's width / numHeads. */
  headSize?: number;
  /** The longest sequence n that keys and values may come from. */
  maxSequenceLength: number;
  /** Slots k that are left of it. */
  compressedLength: number;
  /** Default 'linear'. */
  compression?: CompressionMethod;
  /** Who shares matrices; of a layer alone 'layerwise' is 'kv'. Default 'headwise'. */
  sharing?: CompressionSharing;
  /** A bias on what compression gives. Default 'none'. */
  compressionBias?: CompressionBias;
  /** A convolution leaves out positions that fill no window. Default false. */
  dropRemainder?: boolean;
  /** The matrices of compression are trained. Default true. */
  trainCompression?: boolean;
  /** Values are the compressed keys themselves. Default false. */
  valuesAreKeys?: boolean;
  /** Biases on queries, keys and values. Default true. */
  useBias?: boolean;
  /** The share of attention probabilities set to zero in training. Default 0. */
  dropout?: number;
}

/** The compressed keys and values of a sequence, to be attended to as often as wanted. */
export interface CompressedSequence {
  /** [batch, key heads, slots, head size] */
  keys: tf.Tensor;
  /** The same. */
  values: tf.Tensor;
  /** 1 where a slot may be looked at, broadcast to [batch, heads, queries, slots]. Default: everywhere. */
  mask?: tf.Tensor;
}

/**
 * Linformer's multi-head attention (Wang et al. 2020, section 4), of every query to k slots that hold all positions:
 *
 *     q = x W_q + b_q;   K = E source W_k + b_k;   V = F source W_v + b_v, in heads of size d
 *     y = concat over heads of [softmax(q Kᵀ / sqrt(d)) V] · W_o + b_o
 *
 * Called with x [batch, time, hidden] it is self-attention, with [x, source] attention to a source [batch, at most n,
 * width]; y is [batch, time, hidden]. `attentionMask`, which may be the last of the inputs, is that of the source: padding counts as 0 in every slot, so that it
 * leaves no trace behind a sequence. Shorter sequences take the first columns of E and F.
 *
 * Children `queries`, `keys`, `values`, `output`, and `compression`, unless it is another layer's.
 */
export class LinformerAttention extends VariantLayer<LinformerAttentionConfig> {
  static readonly className = 'LinformerAttention';
  /** What compresses keys and values, to be shared with other layers. */
  compression!: SequenceCompression;
  private queries!: Linear;
  private keys!: Linear;
  private values?: Linear;
  private outputProjection!: Linear;
  private dropout!: Dropout;
  private sizes!: HeadSizes;

  /** @param lender Gives the compression of another layer, when it is there, in place of one of its own. */
  constructor(
    config: LinformerAttentionConfig & LayerOptions,
    private readonly lender?: () => SequenceCompression,
  ) {
    super(config);
    requireLengths(this.name, {...this.config, method: this.config.compression});
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as tf.Shape[];
    const [hiddenSize, sourceSize = hiddenSize] = shapes.map((shape) => lastDimension(shape, this.path));
    this.sizes = headSizes(this.config, hiddenSize, this.path);
    const {numHeads, numKeyValueHeads, headSize} = this.sizes;
    const {useBias, valuesAreKeys, dropout = 0} = this.config;
    const project = (name: string, inputs: number, units: number, bias?: boolean) =>
      this.child(name, new Linear({units, useBias: bias}, {kernel: initializer}), [null, inputs]);
    this.queries = project('queries', hiddenSize, numHeads * headSize, useBias);
    this.keys = project('keys', sourceSize, numKeyValueHeads * headSize, useBias);
    if (!valuesAreKeys) this.values = project('values', sourceSize, numKeyValueHeads * headSize, useBias);
    this.outputProjection = project('output', numHeads * headSize, hiddenSize);
    this.compression = this.child('compression', this.lender?.() ?? this.ownCompression(), [null, sourceSize]);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), [null]);
  }

  private ownCompression(): SequenceCompression {
    const {maxSequenceLength, compressedLength, sharing = 'headwise', valuesAreKeys = false} = this.config;
    const {compression: method, compressionBias: bias, dropRemainder, trainCompression: trains} = this.config;
    const {numKeyValueHeads, headSize} = this.sizes;
    return new SequenceCompression({
      ...{maxSequenceLength, compressedLength, method, bias, dropRemainder, trains, headSize},
      numHeads: sharing === 'none' ? numKeyValueHeads : null,
      ownValues: !valuesAreKeys && (sharing === 'none' || sharing === 'headwise'),
    });
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Partial<ForwardOptions> = {}): tf.Tensor {
    const [x, ...beside] = [inputs].flat();
    // A mask has two axes, a source three.
    const source = beside.find(({rank}) => rank === 3) ?? x;
    const mask = beside.find(({rank}) => rank === 2) ?? kwargs.attentionMask;
    return tf.tidy(() =>
      this.attend(x, this.keysAndValues(source, mask), {...kwargs, training: kwargs.training === true}),
    );
  }

  /** Self-attention of x [batch, time, hidden]. */
  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.attend(x, this.keysAndValues(x, options.attentionMask), options);
  }

  /**
   * The compressed keys and values of a sequence.
   * @param source [batch, keys, width]
   * @param mask [batch, keys], 1 = a token, 0 = padding. Default: all are tokens.
   * @throws ShapeError when it is longer than the layer's maxSequenceLength, or the mask has another shape.
   */
  keysAndValues(source: tf.Tensor, mask?: tf.Tensor): CompressedSequence {
    this.checkSource(source, mask);
    const {compression} = this;
    const compressed = compression.isBeforeProjection
      ? this.compressedFirst(source, mask)
      : this.projectedFirst(source, mask);
    const keys = compression.addBias(compressed.keys, 'keys');
    const values = compressed.values ? compression.addBias(compressed.values, 'values') : keys;
    const slots = compressed.mask?.expandDims(1).expandDims(1);
    return {keys, values, ...(slots && {mask: slots})};
  }

  private checkSource(source: tf.Tensor, mask?: tf.Tensor): void {
    const [batch, time] = source.shape as number[];
    const {maxSequenceLength} = this.config;
    if (time > maxSequenceLength)
      throw new ShapeError(
        `${this.path}: ${time} positions are more than maxSequenceLength ${maxSequenceLength}, for which its compression is made; cut them`,
      );
    if (mask && mask.shape.join() !== `${batch},${time}`)
      throw new ShapeError(
        `${this.path}: attentionMask [${mask.shape}] must have the shape [batch, time] of the keys, [${batch},${time}]`,
      );
  }

  /** E (x) W: where compression does not tell features apart, k rows are projected in place of T. */
  private compressedFirst(source: tf.Tensor, mask?: tf.Tensor) {
    const {compression} = this;
    const slots = compression.compress(source, 'keys', mask);
    const keys = this.inHeads(this.keys.forward(slots.output));
    if (!this.values) return {keys, mask: slots.mask};
    const {output} = compression.isShared ? slots : compression.compress(source, 'values', mask);
    return {keys, values: this.inHeads(this.values.forward(output)), mask: slots.mask};
  }

  /** E (x W) + b, in heads: biases of projections count once for each slot here too. */
  private projectedFirst(source: tf.Tensor, mask?: tf.Tensor) {
    const {useBias = true} = this.config;
    const compress = (projection: Linear, which: Compressed) => {
      const slots = this.compression.compress(this.inHeads(projection.multiply(source)), which, mask);
      return useBias ? {...slots, output: this.inHeads(projection.addBias(joinHeads(slots.output)))} : slots;
    };
    const keys = compress(this.keys, 'keys');
    return {keys: keys.output, values: this.values && compress(this.values, 'values').output, mask: keys.mask};
  }

  private inHeads(x: tf.Tensor): tf.Tensor {
    return splitHeads(x, this.sizes.numKeyValueHeads);
  }

  /** What x [batch, time, hidden], of any length, finds in a compressed sequence: [batch, time, hidden]. */
  attend(x: tf.Tensor, {keys, values, mask}: CompressedSequence, options: ForwardOptions): tf.Tensor {
    const dropout = this.dropout.inTraining(options);
    const {output} = attention(this.queriesOf(x), keys, values, {mask, dropout});
    return this.outputProjection.forward(joinHeads(output));
  }

  /** How much of each slot every query takes, without dropout: [batch, heads, time, slots], rows that add up to 1. */
  attentionWeights(x: tf.Tensor, {keys, mask}: CompressedSequence): tf.Tensor {
    const [batch, heads, slots] = keys.shape as number[];
    // Where the values are the unit vectors, their weighted sum is the weights.
    const units = tf.broadcastTo(tf.eye(slots), [batch, heads, slots, slots]);
    return attention(this.queriesOf(x), keys, units, {mask}).output;
  }

  private queriesOf(x: tf.Tensor): tf.Tensor {
    return splitHeads(this.queries.forward(x), this.sizes.numHeads);
  }
}
tf.serialization.registerClass(LinformerAttention);

/** How the authors draw matrices, those of compression too. */
const initializer: Initializer = normal(0.02);
