import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  ConfigError,
  Dropout,
  extendCache,
  type ForwardOptions,
  type Initializer,
  joinHeads,
  type KeyValueCache,
  type LayerOptions,
  lastDimension,
  normal,
  type Seen,
  ShapeError,
  type StateTree,
  type StreamStep,
  splitHeads,
} from '@variants/core';
import type {MatrixInit} from './block-fields';
import {constant, GainedLinear, identity, type LinearGains, orthogonal} from './gained-linear';
import {RootMeanSquareNorm} from './norm';
import {
  addParts,
  type CausalSums,
  causalSums,
  type MeanMemory,
  type ShapedAttentionGains,
  shapedMatrix,
  softmaxAttention,
} from './shaped-attention';
import {requireShape} from './shapes';

/** A matrix of the values or of the output. */
export interface MatrixConfig {
  /** The first gains of a matrix beside the identity; null or missing for a matrix alone. */
  gains?: LinearGains | null;
  /** How a matrix alone is drawn. Default 'normal'. */
  init?: MatrixInit;
}

/** Options of {@link ShapedAttention}. */
export interface ShapedAttentionConfig {
  numHeads: number;
  /** Adds the identity and takes the causal mean off. Default true. */
  centred?: boolean;
  /** β, of the softmax, at first. Default 1. */
  softmaxGain?: number;
  /** α, of the identity, at first. Default 1. */
  identityGain?: number;
  /** γ, of the causal mean, at first; 0 stays 0. Default 1. */
  centreGain?: number;
  /** Whether α, β and γ are trained. Default true. */
  trainableGains?: boolean;
  /** The matrix of the values. Default: none, values are the input. */
  values?: MatrixConfig | null;
  /** The matrix of the output. Default: none. */
  output?: MatrixConfig | null;
  /** What products of queries and keys are multiplied with. Default size^-0.5. */
  scale?: number;
  /** Normalises each head's queries and keys. Default false. */
  queryKeyNorm?: boolean;
  /** Of those norms. Default 1e-5. */
  normEpsilon?: number;
  /** Keeps scores within -30 and 30. Default false. */
  capScores?: boolean;
  /** Standard deviation of the first weights of the queries. Default 0. */
  queryStd?: number;
  /** Standard deviation of the first weights of the keys. Default 0.02. */
  keyStd?: number;
  /** Dropout on the matrix and on the output. Default 0. */
  dropout?: number;
}

/** A stream's memory: keys and values, and the mean of the values where it is asked for. */
type Memory = {cache: KeyValueCache; mean: MeanMemory | null};

/** Queries and keys by head, values both ways. */
type Projected = {queries: tf.Tensor; keys: tf.Tensor; values: tf.Tensor; byHead: tf.Tensor};

const everything = {window: null, sinks: 0};

/**
 * Causal shaped attention, [batch, time, hidden] to the same:
 *
 *     q, k = x W;   v = x or x W_v;   y = (β softmax(q kᵀ) + α I - γ U) v, per head, or that times W_o
 *
 * Weights `softmax_gain`, `identity_gain`, `centre_gain` [heads]; children `projections` [hidden, 2 hidden] (queries, then
 * keys), and where there are any, `values`, `output` [hidden, hidden], `query_norm`, `key_norm` [hidden / heads].
 */
export class ShapedAttention extends CausalLayer<ShapedAttentionConfig> {
  static readonly className = 'ShapedAttention';
  private projections!: GainedLinear;
  private values?: GainedLinear;
  private outputProjection?: GainedLinear;
  private norms?: [queries: RootMeanSquareNorm, keys: RootMeanSquareNorm];
  private gainVariables!: tf.LayerVariable[];
  private dropout!: Dropout;

  constructor(config: ShapedAttentionConfig & LayerOptions) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {numHeads, values, output, queryKeyNorm, normEpsilon: epsilon, dropout = 0} = this.config;
    const {queryStd = 0, keyStd = 0.02} = this.config;
    if (!Number.isInteger(numHeads) || hiddenSize % numHeads !== 0)
      throw new ConfigError(`${this.path}: numHeads is ${numHeads}, but must divide the width ${hiddenSize}`);
    this.makeGains();
    const both = new GainedLinear({units: 2 * hiddenSize, trainableBias: true}, queriesAndKeys(queryStd, keyStd));
    this.projections = this.child('projections', both, inputShape);
    const square = ({gains, init = 'normal'}: MatrixConfig) =>
      new GainedLinear({units: hiddenSize, gains}, matrixInits[init]);
    if (values) this.values = this.child('values', square(values), inputShape);
    if (output) this.outputProjection = this.child('output', square(output), inputShape);
    if (queryKeyNorm) {
      const norm = (name: string) => this.child(name, new RootMeanSquareNorm({epsilon}), [null, hiddenSize / numHeads]);
      this.norms = [norm('query_norm'), norm('key_norm')];
    }
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), inputShape);
  }

  /** Gains that change nothing are not trained. */
  private makeGains(): void {
    const {numHeads, centred = true, softmaxGain = 1, identityGain = 1, centreGain = 1} = this.config;
    const {trainableGains = true} = this.config;
    const gain = (name: string, value: number, counts: boolean) =>
      this.weight(name, [numHeads], constant(value), trainableGains && counts);
    this.gainVariables = [
      gain('softmax_gain', softmaxGain, true),
      gain('identity_gain', identityGain, centred),
      gain('centre_gain', centreGain, centred && centreGain !== 0),
    ];
  }

  private get gains(): ShapedAttentionGains {
    const [softmax, identityPart, centre] = this.gainVariables.map((variable) => variable.read());
    return this.config.centred === false ? {softmax} : {softmax, identity: identityPart, centre};
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    return this.scaled(x, state, options, null);
  }

  /** The matrix A, the softmax alone, of a whole sequence [batch, time, hidden]: [batch, heads, time, time]. To look at. */
  probabilities(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return tf.tidy(() => {
      const {queries, keys} = this.project(x);
      const [batch, heads, time] = keys.shape as number[];
      const every = tf.eye(time).broadcastTo([batch, heads, time, time]);
      return this.look({queries, keys, values: every}, {causal: true, mask: keyMask(options.attentionMask)});
    });
  }

  /** {@link advance}, the output times a factor [1]. */
  scaled(x: tf.Tensor, state: StateTree | null, options: ForwardOptions, factor: tf.Tensor | null): StreamStep {
    const before = state as Memory | null;
    this.checkInput(x, before, options);
    const {attentionMask, capacity} = options;
    const {queries, keys, values, byHead} = this.project(x);
    const mask = attentionMask?.toFloat().reshape([x.shape[0], 1, -1, 1]) ?? null;
    const rows = {keys, values: byHead, mask, positions: null};
    const {cache, seen} = extendCache(before?.cache ?? null, rows, everything, capacity);
    const sums = this.config.centred === false ? null : causalSums(values, before?.mean ?? null, attentionMask);
    // Three gains of each head take the factor at less cost than the output does.
    const gains = this.outputProjection || !factor ? this.gains : eachTimes(this.gains, factor);
    const mixed = this.mix({queries, values}, seen, {sums, gains}, options);
    const output = this.outputProjection?.scaled(mixed, factor) ?? mixed;
    return {output: this.dropout.forward(output, options), state: {cache, mean: sums?.memory ?? null}};
  }

  private project(x: tf.Tensor): Projected {
    const {numHeads} = this.config;
    const [queries, keys] = tf.split(this.projections.forward(x), 2, -1).map((part, i) => {
      const heads = splitHeads(part, numHeads);
      return this.norms?.[i].forward(heads) ?? heads;
    });
    const values = this.values?.forward(x) ?? x;
    return {queries, keys, values, byHead: splitHeads(values, numHeads)};
  }

  /** β A v + α v - γ m, [batch, time, hidden]. */
  private mix(
    {queries, values}: Pick<Projected, 'queries' | 'values'>,
    {rows, ...how}: Seen,
    {sums, gains}: {sums: CausalSums | null; gains: ShapedAttentionGains},
    options: ForwardOptions,
  ): tf.Tensor {
    const {numHeads} = this.config;
    const [batch, time, hiddenSize] = values.shape as number[];
    const drop = this.dropout.inTraining(options);
    const change = drop && ((probabilities: tf.Tensor) => drop(shapedMatrix(probabilities, sums, gains)));
    const looking = {...how, mask: rows.mask?.transpose([0, 1, 3, 2]), dropout: change};
    const found = this.look({queries, keys: rows.keys, values: rows.values}, looking);
    if (change) return joinHeads(found);
    const heads = values.reshape([batch, time, numHeads, hiddenSize / numHeads]);
    return addParts(found.transpose([0, 2, 1, 3]), heads, sums, gains).reshape([batch, time, hiddenSize]);
  }

  private look(
    {queries, keys, values}: Pick<Projected, 'queries' | 'keys' | 'values'>,
    how: Omit<Parameters<typeof softmaxAttention>[3], 'scale' | 'capScores'>,
  ): tf.Tensor {
    const {scale, capScores} = this.config;
    return softmaxAttention(queries, keys, values, {...how, scale, capScores});
  }

  private checkInput(x: tf.Tensor, before: Memory | null, {attentionMask}: ForwardOptions): void {
    const [batch, time] = x.shape as number[];
    const streamed = before?.cache.keys.shape[0] ?? batch;
    if (batch !== streamed)
      throw new ShapeError(`${this.path}: a batch of ${batch} cannot continue a stream of a batch of ${streamed}`);
    requireShape(this.path, {attentionMask}, [batch, time]);
  }
}
tf.serialization.registerClass(ShapedAttention);

const eachTimes = ({softmax, identity: skip, centre}: ShapedAttentionGains, factor: tf.Tensor) => ({
  softmax: softmax.mul(factor),
  identity: skip?.mul(factor),
  centre: centre?.mul(factor),
});

const keyMask = (attentionMask?: tf.Tensor) => attentionMask?.toFloat().expandDims(1).expandDims(1);

const matrixInits: {[name in MatrixInit]: Initializer} = {normal: normal(0.02), orthogonal, identity};

/** A matrix [in, 2 size] whose first half of columns is drawn for the queries, the second for the keys. */
const queriesAndKeys =
  (queryStd: number, keyStd: number): Initializer =>
  ([rows, columns], random) =>
    Float32Array.from(
      {length: rows * columns},
      (_, i) => (i % columns < columns / 2 ? queryStd : keyStd) * random.normal(),
    );
