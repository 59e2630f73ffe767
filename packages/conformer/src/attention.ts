import * as tf from '@tensorflow/tfjs';
import {
  type AttentionOptions,
  attention,
  Dropout,
  type ForwardOptions,
  joinHeads,
  type LayerOptions,
  Linear,
  lastDimension,
  rotaryEmbedding,
  rotaryFrequencies,
  rotaryTables,
  ShapeError,
  type StateTree,
  type StreamStep,
  sinusoids,
  splitHeads,
  VariantLayer,
  xavierUniform,
} from '@variants/core';
import {type ChunkOptions, chunkMask} from './chunks';
import {relativePositions, relativeScores} from './relative-attention';

/**
 * How attention knows where a frame is:
 *
 * - 'relative': by its distance, (q_i + v) · r(i - j), as the paper and Transformer-XL;
 * - 'key': by the key's own position, (q_i + v) · r(j), as WeNet's files of the type rel_selfattn;
 * - 'rotary': what queries and keys are made of is turned by its position before it is projected, as Hugging Face's class;
 * - 'absolute': by sinusoids that are added to the first block's input;
 * - 'none': by the convolutions alone.
 */
export const positionKinds = ['relative', 'key', 'rotary', 'absolute', 'none'] as const;

/** One of {@link positionKinds}. */
export type PositionKind = (typeof positionKinds)[number];

/** Options of {@link ConformerAttention}. */
export interface ConformerAttentionConfig extends Partial<Pick<ChunkOptions, 'leftChunks'>> {
  /** Heads, which divide the width. */
  numHeads: number;
  /** Default 'relative'. */
  positions?: PositionKind;
  /** Frames of a chunk; a frame sees no later chunk than its own. Default null: all frames see each other. */
  chunkSize?: number | null;
  /** Dropout of the probabilities. Default 0. */
  dropout?: number;
}

/** What a stream remembers: keys and values of the frames that later ones see, [batch, heads, frames, size]. */
export type AttentionState = {keys: tf.Tensor; values: tf.Tensor};

/** What attention is computed of. */
interface Prepared {
  queries: tf.Tensor;
  /** As queries meet them. */
  keys: tf.Tensor;
  /** As a stream remembers them. */
  plainKeys: tf.Tensor;
  values: tf.Tensor;
  options: AttentionOptions;
}

/**
 * Conformer's attention, [batch, frames, hidden] to the same:
 *
 *     softmax(((q_i + u) · k_j + (q_i + v) · r(i - j)) / sqrt(d)) v_j,   concatenated over the heads, times W_o
 *
 * Takes `attentionMask`, which tells what is padding. Children `queries`, `keys`, `values`, `output` and, where positions are
 * 'relative' or 'key', `positions` [hidden, hidden] without a bias; weights `content_bias` u and `position_bias` v
 * [heads, size].
 */
export class ConformerAttention extends VariantLayer<ConformerAttentionConfig> {
  static readonly className = 'ConformerAttention';
  private queries!: Linear;
  private keys!: Linear;
  private values!: Linear;
  private outputProjection!: Linear;
  private dropout!: Dropout;
  private learned: {positions: Linear; contentBias: tf.LayerVariable; positionBias: tf.LayerVariable} | null = null;

  constructor(config: ConformerAttentionConfig & LayerOptions) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {numHeads, dropout = 0} = this.config;
    const size = hiddenSize / numHeads;
    if (!Number.isInteger(size))
      throw new ShapeError(`${this.path}: numHeads is ${numHeads}, but must divide the ${hiddenSize} features`);
    const project = (name: string, useBias = true) =>
      this.child(name, new Linear({units: hiddenSize, useBias}, {kernel: xavierUniform()}), [null, hiddenSize]);
    this.queries = project('queries');
    this.keys = project('keys');
    this.values = project('values');
    this.outputProjection = project('output');
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), [null]);
    if (this.kind !== 'relative' && this.kind !== 'key') return;
    this.learned = {
      positions: project('positions', false),
      contentBias: this.weight('content_bias', [numHeads, size], xavierUniform()),
      positionBias: this.weight('position_bias', [numHeads, size], xavierUniform()),
    };
  }

  private get kind(): PositionKind {
    return this.config.positions ?? 'relative';
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.attend(this.prepare(x, null, 0, options), options);
  }

  /**
   * The next frames of a stream, which begin a chunk and, unless they are its last, end one.
   * @param state What the call before gave; null at the start.
   * @param offset Frames that came before.
   */
  advance(x: tf.Tensor, state: StateTree | null, offset: number, options: ForwardOptions): StreamStep {
    const prepared = this.prepare(x, state as AttentionState | null, offset, options);
    const {plainKeys, values} = prepared;
    const kept: AttentionState = {keys: this.remembered(plainKeys), values: this.remembered(values)};
    return {output: this.attend(prepared, options), state: kept};
  }

  /** How much of each value every query takes, without dropout: [batch, heads, frames, frames], rows that add up to 1. */
  attentionWeights(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {queries, keys, options: attending} = this.prepare(x, null, 0, options);
    const [batch, heads, frames] = keys.shape as number[];
    // Where the values are the unit vectors, their weighted sum is the weights.
    const units = tf.broadcastTo(tf.eye(frames), [batch, heads, frames, frames]);
    return attention(queries, keys, units, attending).output;
  }

  private attend({queries, keys, values, options}: Prepared, run: ForwardOptions): tf.Tensor {
    const {output} = attention(queries, keys, values, {...options, dropout: this.dropout.inTraining(run)});
    return this.outputProjection.forward(joinHeads(output));
  }

  private prepare(
    x: tf.Tensor,
    before: AttentionState | null,
    offset: number,
    {attentionMask}: ForwardOptions,
  ): Prepared {
    const {numHeads} = this.config;
    const asked = this.kind === 'rotary' ? turned(x, numHeads, offset) : x;
    const queries = splitHeads(this.queries.forward(asked), numHeads);
    const fresh = {
      keys: splitHeads(this.keys.forward(asked), numHeads),
      values: splitHeads(this.values.forward(x), numHeads),
    };
    const all = (name: keyof AttentionState) => (before ? tf.concat([before[name], fresh[name]], 2) : fresh[name]);
    const [plainKeys, values] = [all('keys'), all('values')];
    const [frames, size] = queries.shape.slice(2) as number[];
    const scale = 1 / Math.sqrt(size);
    const mask = this.maskOf(frames, plainKeys.shape[2] as number, attentionMask);
    const {bias, ...placed} = this.placed(queries, plainKeys, offset + frames, scale);
    return {...placed, plainKeys, values, options: {scale, mask, bias}};
  }

  /** Queries and keys that know where they are, and what is added to their scaled products. */
  private placed(
    queries: tf.Tensor,
    keys: tf.Tensor,
    end: number,
    scale: number,
  ): {queries: tf.Tensor; keys: tf.Tensor; bias?: tf.Tensor} {
    if (!this.learned) return {queries, keys};
    const {positions: projection, contentBias, positionBias} = this.learned;
    const [batch, heads, frames, size] = queries.shape as number[];
    const [count, hiddenSize] = [keys.shape[2] as number, heads * size];
    const inHeads = (sinusoid: tf.Tensor) =>
      splitHeads(projection.forward(sinusoid.expandDims(0)), heads).squeeze<tf.Tensor3D>([0]);
    const content = queries.add(contentBias.read().expandDims(1));
    if (this.kind === 'relative') {
      const positions = inHeads(relativePositions(frames, count, hiddenSize));
      const bias = relativeScores(queries, positions, positionBias.read()).mul(scale);
      return {queries: content, keys, bias};
    }
    // (q + u) · k + (q + v) · r is one product, of (q + u, q + v) and (k, r).
    const own = inHeads(
      sinusoids(
        Array.from({length: count}, (_, j) => end - count + j),
        hiddenSize,
      ),
    );
    const places = own.expandDims(0).broadcastTo([batch, heads, count, size]);
    return {
      queries: tf.concat([content, queries.add(positionBias.read().expandDims(1))], 3),
      keys: tf.concat([keys, places], 3),
    };
  }

  /** What queries may attend to, broadcast to [batch, heads, queries, keys]; nothing where that is all. */
  private maskOf(queries: number, keys: number, attentionMask: tf.Tensor | undefined): tf.Tensor | undefined {
    const {chunkSize = null, leftChunks} = this.config;
    const present = attentionMask?.expandDims(1).expandDims(1);
    if (chunkSize === null) return present;
    const chunks = chunkMask(queries, {chunkSize, leftChunks, keys}).expandDims(0).expandDims(0);
    return present ? present.mul(chunks) : chunks;
  }

  /** The rows that the chunks to come look back at. */
  private remembered(rows: tf.Tensor): tf.Tensor {
    const {chunkSize = null, leftChunks = null} = this.config;
    const count = rows.shape[2] as number;
    if (chunkSize === null || leftChunks === null || count <= chunkSize * leftChunks) return rows;
    const kept = chunkSize * leftChunks;
    return rows.slice([0, 0, count - kept, 0], [-1, -1, kept, -1]);
  }
}
tf.serialization.registerClass(ConformerAttention);

/** x [batch, frames, hidden], each head's features turned by their position, the first half of them with the second. */
function turned(x: tf.Tensor, numHeads: number, offset: number): tf.Tensor {
  const [, frames, hiddenSize] = x.shape as number[];
  const positions = Array.from({length: frames}, (_, t) => offset + t);
  const tables = rotaryTables(positions, rotaryFrequencies(hiddenSize / numHeads, 10000));
  return joinHeads(rotaryEmbedding(splitHeads(x, numHeads), tables, 'halves'));
}
