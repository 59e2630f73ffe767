import * as tf from '@tensorflow/tfjs';
import {ConfigError, ShapeError} from '../errors';
import {type AttentionOptions, type AttentionOutputs, attention} from '../kernels/attention';
import {mergeAttention} from '../kernels/attention/merge';
import {withSinkLogit} from '../kernels/attention/sink-logit';
import {joinHeads, splitHeads} from '../kernels/heads';
import type {StateTree} from '../streams/state-tree';
import {requireWithin, type StreamStep} from '../streams/stream-state';
import {alibiBias} from './alibi';
import {type AttentionHeadsConfig, type HeadSizes, headSizes} from './attention-heads';
import {CausalLayer, type StreamSpan} from './causal-layer';
import {Dropout} from './dropout';
import {type Initializer, normal} from './initializers';
import {closeGap, extendCache, type KeyRows, type KeyValueCache, type Seen} from './key-value-cache';
import {type ForwardOptions, type LayerOptions, lastDimension} from './layer';
import {Linear} from './linear';
import {streamPositions} from './positions';
import {heldAt, type RotaryConfig, rotation} from './rotary';

/** Options of {@link SelfAttention}. */
export interface SelfAttentionConfig extends AttentionHeadsConfig {
  /** One projection for queries, keys and values, side by side, as in GPT-2. Default false. */
  fused?: boolean;
  /** ALiBi's slope of each head of the queries, see `alibiSlopes`. Scores take memory for all of them. Default: none. */
  alibi?: number[] | null;
  /**
   * A position sees itself and the `window` - 1 before it alone (Child et al. 2019). A stream then remembers no more than
   * that. Default: all before it.
   */
  window?: number | null;
  /** The first positions of a sequence, which all later ones see too (Xiao et al. 2023); padding is refused. Default 0. */
  sinks?: number;
  /**
   * How far from a query its sinks are. 'absolute': as far as in the sequence. 'inCache': as far as among the sinks + window
   * positions that a stream remembers, as if those between had never been (Xiao et al. 2023, section 3.2), so that no
   * distance is longer than any in training. Default 'absolute'.
   */
  cachePositions?: 'absolute' | 'inCache';
  /**
   * A logit beside the scores that takes its share of each row's weights and has no value: 'learned', one per head, as in
   * gpt-oss; 'zero', "softmax off by one". See `withSinkLogit`. Default: none.
   */
  sinkLogit?: 'learned' | 'zero' | null;
  /** The longest sequence. Default: no limit. */
  maxSequenceLength?: number | null;
}

/** How a {@link SelfAttention}'s first weights are drawn. Default: normal, 0.02. */
export interface SelfAttentionInitializers {
  projections?: Initializer;
  output?: Initializer;
}

/** Positions: numbers, or [time] int32 on the device. */
type Positions = number[] | tf.Tensor1D;

/** What a layer makes of a piece of a sequence. */
type Piece = {
  /** Not turned yet. */
  queries: tf.Tensor;
  /** Where they are. */
  positions: Positions;
  /** Turns them there. */
  turn: (heads: tf.Tensor) => tf.Tensor;
  /** For the cache. */
  rows: KeyRows;
};

/**
 * Causal self-attention with a key-value cache (Vaswani et al. 2017, section 3.2), [batch, time, hidden] to the same:
 *
 *     q, k, v = x W_q, x W_k, x W_v, in heads;      y = concat over heads of attention(q, k, v) · W_o
 *
 * Rotary frequencies may follow the length of the sequence (`RotaryConfig.beyond`). `forward` turns queries and keys by those
 * of its whole sequence. A stream turns each piece by those of the length up to the piece's end, and keys stay turned as they
 * were when they came, as in Hugging Face's caches: pieces give what the whole gives up to `beyond.length` positions, and,
 * where the frequencies beyond do not grow (LongRoPE), when the first piece is longer. Other streams across that length differ,
 * as the whole sequence would turn early keys by a length that they do not know yet.
 *
 * Children `queries`, `keys`, `values` [hidden, heads · size], or `projections` with all three when fused; `output`.
 * Weight `sinks` [heads] where a logit per head is learned.
 */
export class SelfAttention extends CausalLayer<SelfAttentionConfig> {
  static readonly className = 'VariantsSelfAttention';
  private projections!: Linear[];
  private outputProjection!: Linear;
  private sizes!: HeadSizes;
  private dropout!: Dropout;
  private sinkLogits?: tf.LayerVariable;

  constructor(
    config: SelfAttentionConfig & LayerOptions,
    private readonly initializers: SelfAttentionInitializers = {},
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    this.sizes = headSizes(this.config, hiddenSize, this.path);
    this.checkConfig();
    const {numHeads, numKeyValueHeads, headSize, valueHeadSize} = this.sizes;
    const {fused, useBias = true, useOutputBias = useBias, dropout = 0} = this.config;
    const {projections = normal(0.02), output = normal(0.02)} = this.initializers;
    const project = (name: string, units: number) =>
      this.child(name, new Linear({units, useBias}, {kernel: projections}), inputShape);
    const names = ['queries', 'keys', 'values'];
    const widths = [numHeads * headSize, numKeyValueHeads * headSize, numKeyValueHeads * valueHeadSize];
    this.projections = fused
      ? [project('projections', widths[0] + widths[1] + widths[2])]
      : names.map((name, i) => project(name, widths[i]));
    const toOutput = new Linear({units: hiddenSize, useBias: useOutputBias}, {kernel: output});
    this.outputProjection = this.child('output', toOutput, [null, numHeads * valueHeadSize]);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), inputShape);
    if (this.config.sinkLogit === 'learned') this.sinkLogits = this.weight('sinks', [numHeads], normal(0.02));
  }

  override get contextLength(): number | null {
    return this.config.maxSequenceLength ?? null;
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    this.checkInput(x, null, options);
    const piece = this.project(x, null, options);
    return this.attend(piece, {rows: piece.rows, causal: true, ...this.sight}, options);
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as KeyValueCache | null;
    this.checkInput(x, before, options);
    const piece = this.project(x, before, options);
    const {cache, seen} = extendCache(before, piece.rows, this.sight, options.capacity);
    return {output: this.attend(piece, seen, options), state: cache};
  }

  override forget(state: StateTree, span: StreamSpan): StateTree {
    const {rotary} = this;
    if (this.sight.window !== null)
      throw new ConfigError(`${this.path}: cannot forget positions of a stream, as it has a window that does`);
    if (rotary?.beyond && span.length > rotary.beyond.length)
      throw new ConfigError(
        `${this.path}: cannot forget positions beyond ${rotary.beyond.length}, from where rotary frequencies follow the length`,
      );
    const positions = Array<number>(span.length - span.end).fill(span.start - span.end);
    const back = rotation(positions, rotary && {...rotary, factor: 1, beyond: null});
    return closeGap(state as KeyValueCache, span, {keys: back, values: rotary?.values ? back : (values) => values});
  }

  private get sight() {
    const {window = null, sinks = 0} = this.config;
    return {window, sinks};
  }

  /** Where positions count in the cache, a sequence is as long as what the cache holds when a token comes. */
  private get rotary(): RotaryConfig | null {
    const {rotary = null, cachePositions, window, sinks = 0} = this.config;
    return rotary?.beyond && cachePositions === 'inCache' && window ? heldAt(rotary, sinks + window - 1) : rotary;
  }

  /** Queries, keys and values [batch, heads, time, size], the keys turned by their positions. */
  private project(x: tf.Tensor, before: KeyValueCache | null, {attentionMask}: ForwardOptions): Piece {
    const [batch, time] = x.shape as number[];
    const {numHeads, numKeyValueHeads, headSize, valueHeadSize} = this.sizes;
    const projected = this.projections.map((projection) => projection.forward(x));
    const widths = [numHeads * headSize, numKeyValueHeads * headSize, numKeyValueHeads * valueHeadSize];
    const parts = projected.length === 3 ? projected : tf.split(projected[0], widths, -1);
    const [queries, keys, values] = parts.map((part, i) => splitHeads(part, i === 0 ? numHeads : numKeyValueHeads));
    // Scores depend on distances alone, so that padding on the left may count as positions.
    const positions = streamPositions(time, before?.length ?? null);
    const {alibi} = this.config;
    const {rotary} = this;
    const turn = rotation(positions, rotary);
    const rows: KeyRows = {
      keys: turn(keys),
      values: rotary?.values ? turn(values) : values,
      mask: attentionMask ? attentionMask.toFloat().reshape([batch, 1, time, 1]) : null,
      positions: alibi ? asTensor(positions).toFloat().reshape([1, 1, time, 1]) : null,
    };
    return {queries, positions, turn, rows};
  }

  /** What queries find among the rows that they see, through the output projection. */
  private attend(piece: Piece, {rows, ...how}: Seen, run: ForwardOptions): tf.Tensor {
    const {window, sinks} = this.sight;
    // As far as that nothing is out of sight, and all stand where they are in the sequence.
    const isWhole = how.keyLength === undefined && (rows.keys.shape[2] as number) <= sinks + (window ?? 0);
    const {causal} = how;
    const visible = run.prefix
      ? {mask: both(withPrompt(run.prefix), asKeys(rows.mask))}
      : {...(isWhole ? {causal} : how), mask: asKeys(rows.mask)};
    const found =
      this.config.cachePositions === 'inCache' && sinks > 0 && !isWhole
        ? this.attendInCache(piece, {rows, ...how}, run)
        : this.look(piece, rows, visible, run);
    return this.outputProjection.forward(joinHeads(this.besideSink(found)));
  }

  /** The window, and the sinks from where a query stands in the cache: the two are looked at apart, and put together. */
  private attendInCache(piece: Piece, {rows, ...how}: Seen, run: ForwardOptions): AttentionOutputs {
    const {window, sinks} = this.sight;
    const numRows = rows.keys.shape[2] as number;
    const first = firstRows(rows, Math.min(sinks, numRows));
    const positions = asTensor(piece.positions).reshape([1, 1, -1, 1]);
    const sink = tf.range(0, first.keys.shape[2] as number, 1, 'int32');
    const inWindow = tf.range(0, numRows, 1, 'int32').greaterEqual(tf.scalar(sinks, 'int32')).toFloat();
    const inCache = atMost(piece.positions, sinks + (window as number) - 1);
    const standing = {...piece, positions: inCache, turn: rotation(inCache, this.rotary)};
    return mergeAttention([
      this.look(standing, first, {mask: sink.lessEqual(positions).toFloat()}, run),
      this.look(piece, rows, {...how, sinks: 0, mask: inWindow.reshape([1, 1, 1, -1])}, run),
    ]);
  }

  /** What is found, less the share that a logit without a value takes. */
  private besideSink(found: AttentionOutputs): tf.Tensor {
    const {sinkLogit = null} = this.config;
    if (sinkLogit === null) return found.output;
    return withSinkLogit(found, this.sinkLogits?.read() ?? tf.scalar(0));
  }

  private look(
    {queries, positions, turn}: Piece,
    rows: KeyRows,
    how: AttentionOptions,
    run: ForwardOptions,
  ): AttentionOutputs {
    const {scale, alibi} = this.config;
    return attention(turn(queries), rows.keys, rows.values, {
      ...how,
      scale,
      bias: alibi && rows.positions ? alibiBias(alibi, positions, rows.positions) : undefined,
      dropout: this.dropout.inTraining(run),
    });
  }

  private checkConfig(): void {
    const {numHeads, alibi, window = null, sinks = 0} = this.config;
    if (alibi && alibi.length !== numHeads)
      throw new ConfigError(
        `${this.path}: alibi has ${alibi.length} slopes, but must have one for each of ${numHeads} heads`,
      );
    if (window !== null && !(Number.isInteger(window) && window >= 1))
      throw new ConfigError(`${this.path}: window is ${window}, but must be a whole number of at least 1, or null`);
    if (!Number.isInteger(sinks) || sinks < 0)
      throw new ConfigError(`${this.path}: sinks is ${sinks}, but must be a whole number of at least 0`);
    if (sinks > 0 && window === null) throw new ConfigError(`${this.path}: sinks is ${sinks}, but needs a window`);
  }

  private checkInput(x: tf.Tensor, before: KeyValueCache | null, {attentionMask, prefix}: ForwardOptions): void {
    const [batch, time] = x.shape as number[];
    const [cachedBatch] = before ? (before.keys.shape as number[]) : [batch];
    if (batch !== cachedBatch)
      throw new ShapeError(`${this.path}: a batch of ${batch} cannot continue a stream of a batch of ${cachedBatch}`);
    for (const [name, mask] of Object.entries({attentionMask, prefix}))
      if (mask && mask.shape.join() !== [batch, time].join())
        throw new ShapeError(
          `${this.path}: ${name} [${mask.shape}] must have the shape [batch, time] of the input, [${batch},${time}]`,
        );
    if (prefix && before)
      throw new ShapeError(
        `${this.path}: prefix is given for a later piece, but only the first of a stream may have one`,
      );
    if (prefix && this.sight.window !== null)
      throw new ConfigError(
        `${this.path}: window is ${this.sight.window}, but a prefix needs attention without a window`,
      );
    if (attentionMask && this.config.rotary?.values)
      throw new ConfigError(
        `${this.path}: takes no attentionMask, as it turns values: padding would change the positions that they are turned by; run rows of other lengths one by one`,
      );
    if (attentionMask && this.sight.sinks > 0)
      throw new ConfigError(
        `${this.path}: takes no attentionMask, as it has sinks: rows that begin with padding would have padding for sinks; run rows of other lengths one by one`,
      );
    requireWithin(this.contextLength, time, this.path);
  }
}
tf.serialization.registerClass(SelfAttention);

/** A mask, and another where there is one. */
const both = (a: tf.Tensor, b: tf.Tensor | undefined): tf.Tensor => (b ? a.mul(b) : a);

const asTensor = (positions: Positions): tf.Tensor =>
  positions instanceof tf.Tensor ? positions : tf.tensor1d(positions, 'int32');

/** Positions, none beyond the last that there may be. */
const atMost = (positions: Positions, last: number): Positions =>
  positions instanceof tf.Tensor
    ? (positions.minimum(tf.scalar(last, 'int32')) as tf.Tensor1D)
    : positions.map((position) => Math.min(position, last));

/** What the positions of a sequence see, [batch, 1, time, time]: what is before, and all of a prompt [batch, time]. */
function withPrompt(prefix: tf.Tensor): tf.Tensor {
  const [batch, time] = prefix.shape as number[];
  const places = tf.range(0, time, 1, 'int32');
  const before = places.expandDims(0).lessEqual(places.expandDims(1)).toFloat();
  return before.maximum(prefix.toFloat().reshape([batch, 1, 1, time]));
}

/** Rows [batch, 1, rows, 1] as a mask of keys, [batch, 1, 1, rows]. */
const asKeys = (mask: tf.Tensor | null): tf.Tensor | undefined => mask?.transpose([0, 1, 3, 2]);

/** Of rows without padding. */
function firstRows({keys, values, positions}: KeyRows, count: number): KeyRows {
  const first = (rows: tf.Tensor) => rows.slice([0, 0, 0, 0], [-1, -1, count, -1]);
  return {
    keys: first(keys),
    values: first(values),
    mask: null,
    positions: positions && first(positions),
  };
}
