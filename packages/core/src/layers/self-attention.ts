import * as tf from '@tensorflow/tfjs';
import {ConfigError, ShapeError} from '../errors';
import {appendRows} from '../kernels/append-rows';
import {attention} from '../kernels/attention';
import {type RotaryPairing, rotaryEmbedding, rotaryTables} from '../kernels/rotary-embedding';
import type {StateTree} from '../streams/state-tree';
import {requireWithin, type StreamStep} from '../streams/stream-state';
import {CausalLayer} from './causal-layer';
import {Dropout} from './dropout';
import {type Initializer, normal} from './initializers';
import {type ForwardOptions, type LayerOptions, lastDimension} from './layer';
import {Linear} from './linear';
import {streamPositions} from './positions';

/** Rotary positions of a {@link SelfAttention}. */
export interface RotaryConfig {
  /** Radians per position, one per pair of features: half of the head size. See `rotaryFrequencies`. */
  frequencies: number[];
  /** Default 'interleaved'. */
  pairing?: RotaryPairing;
}

/** Options of {@link SelfAttention}. */
export interface SelfAttentionConfig {
  /** Heads H of the queries. */
  numHeads: number;
  /** Heads of keys and values; each serves numHeads / numKeyValueHeads heads of queries. Default numHeads. */
  numKeyValueHeads?: number;
  /** Features of a head. Default: the input's width / numHeads. */
  headSize?: number;
  /** Biases on queries, keys and values. Default true. */
  useBias?: boolean;
  /** A bias on the output. Default: as useBias. */
  useOutputBias?: boolean;
  /** One projection for queries, keys and values, side by side, as in GPT-2. Default false. */
  fused?: boolean;
  /** What the scores are multiplied with. Default headSize^-0.5. */
  scale?: number;
  /** Turns queries and keys by their positions. Default: no positions. */
  rotary?: RotaryConfig | null;
  /** The longest sequence. Default: no limit. */
  maxSequenceLength?: number | null;
  /** The share of attention probabilities set to zero in training. Default 0. */
  dropout?: number;
}

/** How a {@link SelfAttention}'s first weights are drawn. Default: normal, 0.02. */
export interface SelfAttentionInitializers {
  projections?: Initializer;
  output?: Initializer;
}

/** The key-value cache: what a stream of {@link SelfAttention} remembers, with room for more. */
type KeyValueCache = {
  /** [batch, key heads, capacity, head size], after rotation. */
  keys: tf.Tensor;
  /** [batch, key heads, capacity, head size] */
  values: tf.Tensor;
  /** [] int32: how many of them there are. */
  length: tf.Scalar;
  /** [batch, 1, capacity, 1], 1 = a token, 0 = padding; null while there was no padding. */
  mask: tf.Tensor | null;
};

/** [batch, heads, time, head size] each. */
type Heads = {q: tf.Tensor; k: tf.Tensor; v: tf.Tensor};

/**
 * Causal self-attention with a key-value cache (Vaswani et al. 2017, section 3.2), [batch, time, hidden] to the same:
 *
 *     q, k, v = x W_q, x W_k, x W_v, in heads;      y = concat over heads of attention(q, k, v) · W_o
 *
 * Children `queries`, `keys`, `values` [hidden, heads · size], or `projections` with all three when fused; `output`.
 */
export class SelfAttention extends CausalLayer<SelfAttentionConfig> {
  static readonly className = 'VariantsSelfAttention';
  private projections!: Linear[];
  private outputProjection!: Linear;
  private headSize!: number;
  private numKeyValueHeads!: number;
  private dropout!: Dropout;

  constructor(
    config: SelfAttentionConfig & LayerOptions,
    private readonly initializers: SelfAttentionInitializers = {},
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {
      numHeads,
      numKeyValueHeads = numHeads,
      headSize = hiddenSize / numHeads,
      fused,
      useBias = true,
    } = this.config;
    if (!Number.isInteger(headSize) || numHeads % numKeyValueHeads !== 0)
      throw new ConfigError(
        `${this.path}: numHeads is ${numHeads}, but must divide the width ${hiddenSize} and be a multiple of numKeyValueHeads ${numKeyValueHeads}`,
      );
    this.headSize = headSize;
    this.numKeyValueHeads = numKeyValueHeads;
    const {projections = normal(0.02), output = normal(0.02)} = this.initializers;
    const project = (name: string, heads: number) =>
      this.child(name, new Linear({units: heads * headSize, useBias}, {kernel: projections}), inputShape);
    this.projections = fused
      ? [project('projections', numHeads + 2 * numKeyValueHeads)]
      : [project('queries', numHeads), project('keys', numKeyValueHeads), project('values', numKeyValueHeads)];
    const outputConfig = {units: hiddenSize, useBias: this.config.useOutputBias ?? useBias};
    this.outputProjection = this.child('output', new Linear(outputConfig, {kernel: output}), [
      null,
      numHeads * headSize,
    ]);
    this.dropout = this.child('dropout', new Dropout({rate: this.config.dropout ?? 0}), inputShape);
  }

  override get contextLength(): number | null {
    return this.config.maxSequenceLength ?? null;
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    this.checkInput(x, null, options);
    return this.attend(x, this.project(x), options.attentionMask?.expandDims(1).expandDims(1), options);
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as KeyValueCache | null;
    this.checkInput(x, before, options);
    const piece = this.project(x, before?.length);
    const now = asRows(x, options.attentionMask);
    if (!before) {
      const output = this.attend(x, piece, now && asKeys(now), options);
      const [keys, values] = [piece.k, piece.v].map((rows) => withRoom(rows, options.capacity));
      const length = tf.scalar(x.shape[1] as number, 'int32');
      return {output, state: {keys, values, length, mask: now && withRoom(now, options.capacity)}};
    }
    const cache = append(before, piece, now, options.capacity);
    const all = {q: piece.q, k: cache.keys, v: cache.values};
    return {output: this.attend(x, all, cache.mask && asKeys(cache.mask), options, cache.length), state: cache};
  }

  /** What queries find among keys and values, those of `keyLength` if given, through the output projection. */
  private attend(
    x: tf.Tensor,
    {q, k, v}: Heads,
    mask: tf.Tensor | null | undefined,
    options: ForwardOptions,
    keyLength?: tf.Scalar,
  ): tf.Tensor {
    const drops = options.training && (this.config.dropout ?? 0) > 0;
    const {output} = attention(q, k, v, {
      scale: this.config.scale,
      causal: true,
      mask: mask ?? undefined,
      keyLength,
      ...(drops && {dropout: (probabilities) => this.dropout.forward(probabilities, options)}),
    });
    const [batch, time] = x.shape as number[];
    return this.outputProjection.forward(output.transpose([0, 2, 1, 3]).reshape([batch, time, -1]));
  }

  /** Queries, keys and values [batch, heads, time, head size], turned by their positions. */
  private project(x: tf.Tensor, start?: tf.Scalar): Heads {
    const [batch, time] = x.shape as number[];
    const heads = [this.config.numHeads, this.numKeyValueHeads, this.numKeyValueHeads];
    const projected = this.projections.map((projection) => projection.forward(x));
    const widths = heads.map((count) => count * this.headSize);
    const parts = projected.length === 3 ? projected : tf.split(projected[0], widths, -1);
    const [q, k, v] = parts.map((part, i) =>
      part.reshape([batch, time, heads[i], this.headSize]).transpose([0, 2, 1, 3]),
    );
    const {rotary} = this.config;
    if (!rotary) return {q, k, v};
    // Scores depend on distances alone, so that padding on the left may count as positions.
    const tables = rotaryTables(streamPositions(time, start ?? null), rotary.frequencies);
    // What was undefined is null in a layer that was saved and loaded.
    const pairing = rotary.pairing ?? 'interleaved';
    const turn = (heads: tf.Tensor) => rotaryEmbedding(heads, tables, pairing);
    return {q: turn(q), k: turn(k), v};
  }

  private checkInput(x: tf.Tensor, before: KeyValueCache | null, {attentionMask}: ForwardOptions): void {
    const [batch, time] = x.shape as number[];
    const [cachedBatch] = before ? (before.keys.shape as number[]) : [batch];
    if (batch !== cachedBatch)
      throw new ShapeError(`${this.path}: a batch of ${batch} cannot continue a stream of a batch of ${cachedBatch}`);
    if (attentionMask && attentionMask.shape.join() !== [batch, time].join())
      throw new ShapeError(
        `${this.path}: attentionMask [${attentionMask.shape}] must have the shape [batch, time] of the input, [${batch},${time}]`,
      );
    requireWithin(this.contextLength, time, this.path);
  }
}
tf.serialization.registerClass(SelfAttention);

/** The mask of a piece as rows of a cache, [batch, 1, time, 1]; null where there is none. */
function asRows(x: tf.Tensor, attentionMask?: tf.Tensor): tf.Tensor | null {
  const [batch, time] = x.shape as number[];
  return attentionMask ? attentionMask.toFloat().reshape([batch, 1, time, 1]) : null;
}

/** The same as a mask of keys, [batch, 1, 1, keys]. */
const asKeys = (mask: tf.Tensor) => mask.transpose([0, 1, 3, 2]);

/** Rows [..., time, size] in a buffer [..., capacity, size]. */
function withRoom(rows: tf.Tensor, capacity = 0): tf.Tensor {
  const missing = capacity - (rows.shape[2] as number);
  const none: [number, number] = [0, 0];
  return missing > 0 ? rows.pad([none, none, [0, missing], none]) : rows;
}

/** The cache with a piece more, in place where its memory is nobody else's. */
function append(before: KeyValueCache, {k, v}: Heads, now: tf.Tensor | null, capacity?: number): KeyValueCache {
  const [batch, , held] = before.keys.shape as number[];
  const time = k.shape[2] as number;
  const {length} = before;
  // Who does not say how much room there is to be gets as much as may be needed.
  const grown = (buffer: tf.Tensor) => withRoom(buffer, capacity ?? held + time);
  const added = (buffer: tf.Tensor, rows: tf.Tensor) => appendRows(grown(buffer), rows, length);
  const mask = before.mask ?? (now && tf.ones([batch, 1, held, 1]));
  return {
    keys: added(before.keys, k),
    values: added(before.values, v),
    length: length.add(tf.scalar(time, 'int32')),
    mask: mask && added(mask, now ?? tf.ones([batch, 1, time, 1])),
  };
}
