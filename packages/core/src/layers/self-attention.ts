import * as tf from '@tensorflow/tfjs';
import {ConfigError, ShapeError} from '../errors';
import {attention} from '../kernels/attention';
import {type RotaryPairing, rotaryEmbedding, rotaryTables} from '../kernels/rotary-embedding';
import type {StateTree} from '../models/state-tree';
import type {Advanced} from '../models/stream-state';
import {CausalLayer} from './causal-layer';
import {Dropout} from './dropout';
import {type Initializer, normal} from './initializers';
import {type ForwardOptions, type LayerOptions, lastDimension} from './layer';
import {Linear} from './linear';

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

/** The key-value cache: what a stream of {@link SelfAttention} remembers. */
type KeyValueCache = {
  /** [batch, key heads, time, head size], after rotation. */
  keys: tf.Tensor;
  /** [batch, key heads, time, head size] */
  values: tf.Tensor;
  /** [batch, time], 1 = a token, 0 = padding; null while there was no padding. */
  mask: tf.Tensor | null;
};

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
    this.built = true;
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.advance(x, null, options).output;
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): Advanced {
    const before = state as KeyValueCache | null;
    const start = before ? (before.keys.shape[2] as number) : 0;
    this.checkInput(x, before, options);
    const {q, k, v} = this.project(x, start);
    const keys = before ? tf.concat([before.keys, k], 2) : k;
    const values = before ? tf.concat([before.values, v], 2) : v;
    const mask = joinMasks(before, x, options.attentionMask);

    const drops = options.training && (this.config.dropout ?? 0) > 0;
    const {output} = attention(q, keys, values, {
      scale: this.config.scale,
      causal: true,
      mask: mask?.expandDims(1).expandDims(1),
      ...(drops && {dropout: (probabilities) => this.dropout.forward(probabilities, options)}),
    });
    const [batch, time] = x.shape as number[];
    const joined = output.transpose([0, 2, 1, 3]).reshape([batch, time, -1]);
    const cache: KeyValueCache = {keys, values, mask};
    return {output: this.outputProjection.forward(joined), state: cache};
  }

  /** Queries, keys and values [batch, heads, time, head size], turned by their positions. */
  private project(x: tf.Tensor, start: number) {
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
    const positions = Array.from({length: time}, (_, i) => start + i);
    const tables = rotaryTables(positions, rotary.frequencies);
    // What was undefined is null in a layer that was saved and loaded.
    const pairing = rotary.pairing ?? 'interleaved';
    const turn = (heads: tf.Tensor) => rotaryEmbedding(heads, tables, pairing);
    return {q: turn(q), k: turn(k), v};
  }

  private checkInput(x: tf.Tensor, before: KeyValueCache | null, {attentionMask}: ForwardOptions): void {
    const [batch, time] = x.shape as number[];
    const [cachedBatch, , cachedTime] = before ? (before.keys.shape as number[]) : [batch, 0, 0];
    if (batch !== cachedBatch)
      throw new ShapeError(`${this.path}: a batch of ${batch} cannot continue a stream of a batch of ${cachedBatch}`);
    if (attentionMask && attentionMask.shape.join() !== [batch, time].join())
      throw new ShapeError(
        `${this.path}: attentionMask [${attentionMask.shape}] must have the shape [batch, time] of the input, [${batch},${time}]`,
      );
    const {maxSequenceLength} = this.config;
    const length = cachedTime + time;
    if (maxSequenceLength != null && length > maxSequenceLength)
      throw new ShapeError(
        `${this.path}: a sequence of ${length} tokens is longer than maxSequenceLength ${maxSequenceLength}; cut it or start a new stream`,
      );
  }
}
tf.serialization.registerClass(SelfAttention);

/** The mask over the cache and the new piece, [batch, time]; null where nothing was ever padded. */
function joinMasks(before: KeyValueCache | null, x: tf.Tensor, attentionMask?: tf.Tensor): tf.Tensor | null {
  if (!attentionMask && !before?.mask) return null;
  const [batch, time] = x.shape as number[];
  const now = attentionMask?.toFloat() ?? tf.ones([batch, time]);
  if (!before) return now;
  return tf.concat([before.mask ?? tf.ones([batch, before.keys.shape[2] as number]), now], 1);
}
