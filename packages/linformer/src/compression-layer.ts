import * as tf from '@tensorflow/tfjs';
import {
  fields,
  type Initializer,
  type LayerOptions,
  normal,
  requireArgument,
  requireConfig,
  VariantLayer,
  zeros,
} from '@variants/core';
import {compressSequence, convolveWindows, poolWindows} from './compress';

/** How a sequence is compressed: by a learned matrix, by a convolution of windows, or by their mean or maximum. */
export type CompressionMethod = 'linear' | 'convolution' | 'mean' | 'max';

/** All of {@link CompressionMethod}. */
export const compressionMethods = ['linear', 'convolution', 'mean', 'max'] as const;

/**
 * Who shares matrices of compression (section 4 of the paper): 'none', each head its own for keys and for values;
 * 'headwise', all heads of a layer two; 'kv', all heads of a layer one for both; 'layerwise', all layers one.
 */
export type CompressionSharing = 'none' | 'headwise' | 'kv' | 'layerwise';

/** All of {@link CompressionSharing}. */
export const compressionSharings = ['none', 'headwise', 'kv', 'layerwise'] as const;

/** A bias on what compression gives; 'unused' is there, and added to nothing. */
export type CompressionBias = 'none' | 'added' | 'unused';

/** All of {@link CompressionBias}. */
export const compressionBiases = ['none', 'added', 'unused'] as const;

/** Options of {@link SequenceCompression}. */
export interface SequenceCompressionConfig {
  /** The longest sequence n. */
  maxSequenceLength: number;
  /** Slots k that are left of it. Windows have floor(n / k) positions, so that there may be a few more of them. */
  compressedLength: number;
  /** Default 'linear'. */
  method?: CompressionMethod;
  /** Heads of keys, each with a matrix of its own; null: all share one. Default null. */
  numHeads?: number | null;
  /** Features of a head, which a convolution works on. Default 1. */
  headSize?: number;
  /** Values have matrices of their own. Default true. */
  ownValues?: boolean;
  /** A bias for each slot, or each feature of a convolution. Default 'none'. */
  bias?: CompressionBias;
  /** A convolution leaves out positions that fill no window. Default false: what is missing counts as 0. */
  dropRemainder?: boolean;
  /** The matrices are trained. Default true. */
  trains?: boolean;
}

/** Which of a layer's two sequences is compressed. */
export type Compressed = 'keys' | 'values';

/** The shape of a method's weights, and of their biases, for one head. */
export function compressionShapes(
  config: Pick<SequenceCompressionConfig, 'maxSequenceLength' | 'compressedLength' | 'method' | 'headSize'>,
): {matrix: number[]; bias: number[]} | null {
  const {maxSequenceLength: n, compressedLength: k, method = 'linear', headSize = 1} = config;
  if (method === 'linear') return {matrix: [k, n], bias: [k]};
  if (method === 'convolution') return {matrix: [headSize, headSize, Math.floor(n / k)], bias: [headSize]};
  return null;
}

/**
 * Compresses keys and values along the sequence, of at most n positions to k slots, see `compressSequence`,
 * `convolveWindows` and `poolWindows`. Weights `keys` and, where values have their own, `values`: [k, n], or
 * [out, in, n / k] of a convolution; with an axis of heads before where each has its own; `keys_bias` and `values_bias`.
 */
export class SequenceCompression extends VariantLayer<SequenceCompressionConfig> {
  static readonly className = 'LinformerSequenceCompression';
  private readonly matrices = new Map<Compressed, {matrix: tf.LayerVariable; bias?: tf.LayerVariable}>();

  /** @param initializer Of the matrices. */
  constructor(
    config: SequenceCompressionConfig & LayerOptions,
    private readonly initializer: Initializer = normal(0.02),
  ) {
    super(config);
    requireLengths(this.name, this.config);
  }

  override build(): void {
    const {numHeads = null, ownValues = true, bias = 'none', trains = true} = this.config;
    const shapes = compressionShapes(this.config);
    if (!shapes) return;
    const heads = numHeads === null ? [] : [numHeads];
    for (const name of ownValues ? (['keys', 'values'] as const) : (['keys'] as const)) {
      const matrix = this.weight(name, [...heads, ...shapes.matrix], this.initializer, trains);
      const withBias = bias !== 'none' && this.weight(`${name}_bias`, [...heads, ...shapes.bias], zeros, trains);
      this.matrices.set(name, {matrix, ...(withBias && {bias: withBias})});
    }
  }

  /** Whether it treats all features alike, so that sequences may be compressed before they are projected. */
  get isBeforeProjection(): boolean {
    const {method = 'linear', numHeads = null} = this.config;
    return method === 'mean' || (method === 'linear' && numHeads === null);
  }

  /** Whether keys and values are compressed alike, so that one sequence for both is compressed once. */
  get isShared(): boolean {
    return !this.matrices.has('values');
  }

  /** The slots of the keys of x, see {@link compress}, with what is added to each. */
  forward(x: tf.Tensor): tf.Tensor {
    const {output} = this.compress(x, 'keys');
    return this.addBias(output, 'keys');
  }

  /**
   * x [batch, time, features], or in heads [batch, heads, time, features], to slots in place of positions, without their
   * bias, and which of them are there, [batch or 1, slots], if not all are.
   * @param mask [batch, time], 1 = a token, 0 = padding.
   */
  compress(x: tf.Tensor, which: Compressed, mask?: tf.Tensor): {output: tf.Tensor; mask?: tf.Tensor} {
    const {method = 'linear', maxSequenceLength: n, compressedLength: k, dropRemainder} = this.config;
    const size = Math.floor(n / k);
    if (method === 'mean' || method === 'max') return poolWindows(x, {size, pooling: method, mask});
    const present = mask ? x.mul(mask.toFloat().reshape(maskShape(x))) : x;
    const matrix = this.weightsOf(which).matrix.read();
    if (method === 'linear') return {output: compressSequence(present, matrix)};
    const windows = dropRemainder ? Math.floor(n / size) : Math.ceil(n / size);
    return {output: convolveWindows(present, matrix, null, windows)};
  }

  /** Adds its bias to what was compressed, and projected since: [batch, slots, features], or in heads. */
  addBias(slots: tf.Tensor, which: Compressed): tf.Tensor {
    const {bias} = this.weightsOf(which);
    if (!bias || this.config.bias !== 'added') return slots;
    const values = bias.read();
    // Of a slot, alike for its features, or of a convolution's features, alike for the slots.
    const axis = this.config.method === 'convolution' ? values.rank - 1 : values.rank;
    return slots.add(values.expandDims(axis));
  }

  private weightsOf(which: Compressed): {matrix: tf.LayerVariable; bias?: tf.LayerVariable} {
    const own = this.matrices.get(which) ?? this.matrices.get('keys');
    return own ?? ({} as {matrix: tf.LayerVariable});
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    const [time, features] = inputShape.slice(-2);
    return [...inputShape.slice(0, -2), this.slotsOf(time), features];
  }

  /** How many slots so many positions have, which windows may be more of than compressedLength, or fewer. */
  private slotsOf(time: number | null): number | null {
    const {method = 'linear', maxSequenceLength: n, compressedLength: k, dropRemainder} = this.config;
    if (method === 'linear') return k;
    const size = Math.floor(n / k);
    if (method === 'convolution') return dropRemainder ? Math.floor(n / size) : Math.ceil(n / size);
    return time && Math.ceil(time / size);
  }
}
tf.serialization.registerClass(SequenceCompression);

/**
 * Throws a ConfigError that begins with `name` unless lengths are whole numbers of at least 1 and, where windows are
 * compressed, each slot has a position.
 */
export function requireLengths(name: string, config: SequenceCompressionConfig): void {
  const {maxSequenceLength, compressedLength, method = 'linear'} = config;
  const count = fields.count();
  requireArgument(name, 'maxSequenceLength', maxSequenceLength, count.accepts(maxSequenceLength), count.allowed);
  requireArgument(name, 'compressedLength', compressedLength, count.accepts(compressedLength), count.allowed);
  requireConfig(
    method === 'linear' || compressedLength <= maxSequenceLength,
    name,
    `compressedLength is ${compressedLength}, but must be at most maxSequenceLength ${maxSequenceLength} with compression '${method}'`,
  );
}

/** The shape of a mask [batch, time] beside x: [batch, (1,) time, 1]. */
function maskShape(x: tf.Tensor): number[] {
  const time = x.shape[x.rank - 2] as number;
  return x.rank === 4 ? [-1, 1, time, 1] : [-1, time, 1];
}
