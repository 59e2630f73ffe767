import * as tf from '@tensorflow/tfjs';
import {
  appendRows,
  CausalLayer,
  embeddingLookup,
  type ForwardOptions,
  Linear,
  linearUniform,
  normal,
  positionAfter,
  requireWithin,
  ShapeError,
  type StateTree,
  type StreamStep,
  TokenEmbedding,
  tokenPositions,
  uniform,
} from '@variants/core';
import {PatchEmbedder} from './patch-embedder';
import {intoPatches} from './patches';
import {refuseMasks} from './refuse-masks';
import type {StageBlockConfig} from './stage-block';
import {StageTransformer} from './stage-transformer';

/** What differs from stage to stage. */
export interface StageLevel {
  /** n: positions of its sequence. */
  length: number;
  /** Its width. */
  hiddenSize: number;
  /** Number of blocks. */
  numLayers: number;
  /** Width of the feed-forwards. */
  intermediateSize: number;
}

/** Options of {@link Stage}. */
export interface StageConfig extends Omit<StageBlockConfig, 'intermediateSize' | 'maxSequenceLength'> {
  /** Number of different tokens. */
  vocabSize: number;
  /** The stage itself and all finer ones. */
  levels: StageLevel[];
  /** Adds a learned vector for each position. Default false. */
  learnedPositions?: boolean;
}

/** What a stream of a stage remembers. */
type StageState = {
  transformer: StateTree;
  /** [1, 1] int32: positions that were fed, the start token aside. */
  count: tf.Tensor;
  /** Of a stage that has a finer one: the patch under way. */
  patch: PatchState | null;
};

type PatchState = {
  /** Its tokens [batch, 1, P, 1], float32 as caches are, with room for all. */
  tokens: tf.Tensor;
  /** [] int32: how many there are. */
  length: tf.Tensor;
  /** What its children are given, [batch, children, their width]. */
  conditions: tf.Tensor;
  finer: StageState;
};

/**
 * A stage of MegaByte with all finer ones, from tokens [batch, time] to [batch, time, width of the finest]: what it gives at a
 * token predicts the next one.
 *
 *     x_j = embed(patch j) + position_j + condition_j;      y = transformer([start, x_0, x_1, ...])
 *
 * A position of the finest stage is a token. A position of any other is a patch, whose tokens the next finer stage reads in a
 * sequence of their own, conditioned on the output before the patch (on the start token, and all patches before it):
 *
 *     finer(patch j, conditions = W y_j + b, a slice for each child)
 *
 * All patches of a sequence are computed at once, in a batch. A stream computes a position of a stage when the patch before it
 * is complete and goes on, and keeps of finer stages what belongs to the patch under way.
 *
 * Children `embedding` ({@link PatchEmbedder}, or a table), `transformer` ({@link StageTransformer}) and, but for the finest,
 * `children` [hidden, children · their width] and `finer`. Weights `start` [hidden], `positions` [length, hidden].
 */
export class Stage extends CausalLayer<StageConfig> {
  static readonly className = 'MegabyteStage';
  private embedding!: TokenEmbedding | PatchEmbedder;
  private start!: tf.LayerVariable;
  private positions?: tf.LayerVariable;
  private transformer!: StageTransformer;
  private finer?: {stage: Stage; conditions: Linear};

  override build(): void {
    const {vocabSize, levels, numHeads, headSize, rotary, learnedPositions, dropout, attentionDropout} = this.config;
    const [{length, hiddenSize, numLayers, intermediateSize}, ...finer] = levels;
    const tokenSize = levels[levels.length - 1].hiddenSize;
    const isFinest = finer.length === 0;
    this.start = this.weight('start', [hiddenSize], normal(1));
    if (learnedPositions) this.positions = this.weight('positions', [length, hiddenSize], normal(1));
    this.embedding = isFinest
      ? this.child('embedding', new TokenEmbedding({vocabSize, hiddenSize}, normal(1)), [null, null])
      : this.child('embedding', new PatchEmbedder({vocabSize, patchSize: this.patchSize, tokenSize, hiddenSize}), [
          null,
          null,
          this.patchSize,
        ]);
    const transformer = new StageTransformer({
      ...{numLayers, numHeads, headSize, intermediateSize, rotary, dropout, attentionDropout},
      maxSequenceLength: isFinest ? length + 1 : length,
    });
    this.transformer = this.child('transformer', transformer, [null, null, hiddenSize]);
    if (isFinest) return;
    const units = finer[0].length * finer[0].hiddenSize;
    const conditions = new Linear({units}, {kernel: linearUniform, bias: uniform(hiddenSize ** -0.5)});
    this.finer = {
      conditions: this.child('children', conditions, [null, null, hiddenSize]),
      stage: this.child('finer', new Stage({...this.config, levels: finer}), [null, null]),
    };
  }

  /** Tokens of a position. */
  get patchSize(): number {
    return this.config.levels.slice(1).reduce((product, {length}) => product * length, 1);
  }

  /** The most tokens. */
  override get contextLength(): number {
    return this.config.levels[0].length * this.patchSize;
  }

  /** A step that begins a patch takes a position of the stage too, and of no coarser one. */
  override stepKind(fed: number): string {
    if (!this.finer) return '';
    const place = fed % this.patchSize;
    return place === 0 ? `${this.config.levels.length}` : this.finer.stage.stepKind(place);
  }

  override forward(tokens: tf.Tensor, options: ForwardOptions): tf.Tensor {
    refuseMasks(this.path, options);
    requireWithin(this.contextLength, tokens.shape[1] as number, this.path);
    return this.run(tokens.toInt(), null, options);
  }

  advance(tokens: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    refuseMasks(this.path, options);
    const before = state as StageState | null;
    const [batch] = tokens.shape as number[];
    const [batchBefore] = before?.patch?.tokens.shape ?? [batch];
    if (batch !== batchBefore)
      throw new ShapeError(`${this.path}: a batch of ${batch} cannot continue a stream of a batch of ${batchBefore}`);
    return this.feed(tokens.toInt(), null, before, options.fed ?? 0, options);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    const {levels} = this.config;
    return [...inputShape, levels[levels.length - 1].hiddenSize];
  }

  /**
   * What predicts the first token of all, [batch, 1, width of the finest].
   * @param conditioned Start tokens are given the condition of the coarser stage's first child, as in the authors' generation
   *   and not in their training.
   */
  beforeAll(batch: number, conditioned: boolean, given: tf.Tensor | null = null): tf.Tensor {
    const {finer} = this;
    if (finer && !conditioned) return finer.stage.beforeAll(batch, false);
    const start = this.starts(batch);
    const y = this.transformer.forward(given ? start.add(given) : start, {training: false});
    if (!finer) return y;
    const first = this.conditionsOf(y).slice([0, 0, 0, 0], [batch, 1, 1, -1]);
    return finer.stage.beforeAll(batch, true, first.reshape([batch, 1, -1]));
  }

  /** Sequences from their beginning. `given` [batch, length, hidden] are the conditions of the positions. */
  private run(tokens: tf.Tensor, given: tf.Tensor | null, options: ForwardOptions): tf.Tensor {
    const [batch, time] = tokens.shape as number[];
    const {finer, patchSize} = this;
    if (!finer)
      return this.transformer.forward(this.sequence(tokens, given), options).slice([0, 1, 0], [batch, time, -1]);
    const count = Math.ceil(time / patchSize);
    // Nothing sees the last patch as a whole.
    const patches = intoPatches(tokens, count > 1 ? patchSize : time);
    const complete = patches.slice([0, 0, 0], [batch, count - 1, -1]);
    const y = this.transformer.forward(this.sequence(complete, given), options);
    const conditions = this.conditionsOf(y);
    const [, , children, width] = conditions.shape as number[];
    const output = finer.stage.run(
      patches.reshape([batch * count, -1]),
      conditions.reshape([batch * count, children, width]),
      options,
    );
    const all = output.reshape([batch, -1, output.shape[2] as number]);
    return all.shape[1] === time ? all : all.slice([0, 0, 0], [batch, time, -1]);
  }

  /** The next piece of a sequence, `at` tokens of which were fed. */
  private feed(
    tokens: tf.Tensor,
    given: tf.Tensor | null,
    before: StageState | null,
    at: number,
    options: ForwardOptions,
  ): StreamStep<tf.Tensor> & {state: StageState} {
    const {finer, patchSize} = this;
    const [batch, time] = tokens.shape as number[];
    if (!finer) {
      const {output, state} = this.move(tokens, given, before, options);
      return {output: before ? output : output.slice([0, 1, 0], [batch, time, -1]), state: {...state, patch: null}};
    }
    const inPatch = {...options, capacity: patchSize};
    const outputs: tf.Tensor[] = [];
    let patch = before?.patch ?? null;
    let done = 0;
    if (patch && at % patchSize > 0) {
      done = Math.min(time, patchSize - (at % patchSize));
      const rest = tokens.slice([0, 0], [batch, done]);
      const step = finer.stage.feed(rest, patch.conditions, patch.finer, at % patchSize, inPatch);
      outputs.push(step.output);
      patch = {...patch, ...withTokens(patch.tokens, rest, patch.length as tf.Scalar), finer: step.state};
      if (done === time) return {output: step.output, state: {...(before as StageState), patch}};
    }

    // Patches begin: the one before them is complete, and all of them but the last.
    const whole = Math.ceil((time - done) / patchSize) - 1;
    const begun = tokens.slice([0, done], [batch, whole * patchSize]).reshape([batch, whole, patchSize]);
    const complete = patch ? tf.concat([patch.tokens.reshape([batch, 1, patchSize]).toInt(), begun], 1) : begun;
    const moved = this.move(complete, given, before, options);
    const conditions = this.conditionsOf(moved.output);
    const [, , children, width] = conditions.shape as number[];
    const conditionsFrom = (first: number, count: number) =>
      conditions.slice([0, first, 0, 0], [batch, count, -1, -1]).reshape([batch * count, children, width]);
    if (whole > 0) {
      const inBatch = begun.reshape([batch * whole, patchSize]);
      const output = finer.stage.run(inBatch, conditionsFrom(0, whole), options);
      outputs.push(output.reshape([batch, whole * patchSize, -1]));
    }
    const last = tokens.slice([0, done + whole * patchSize], [batch, -1]);
    const own = {conditions: conditionsFrom(whole, 1)};
    const step = finer.stage.feed(last, own.conditions, null, 0, inPatch);
    outputs.push(step.output);
    // A copy is written into: who meets with an error may go on from the state as it was.
    const room = patch ? patch.tokens.clone() : tf.zeros([batch, 1, patchSize, 1]);
    patch = {...own, ...withTokens(room, last, tf.scalar(0, 'int32')), finer: step.state};
    return {output: outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1), state: {...moved.state, patch}};
  }

  /** The stage's own Transformer on its next positions; on the start token too where they are the first. */
  private move(
    units: tf.Tensor,
    given: tf.Tensor | null,
    before: StageState | null,
    {capacity = this.contextLength, ...options}: ForwardOptions,
  ): {output: tf.Tensor; state: Pick<StageState, 'transformer' | 'count'>} {
    const count = units.shape[1] as number;
    const x = before ? this.embed(units, given, before.count) : this.sequence(units, given);
    const positions = Math.min(this.config.levels[0].length, Math.ceil(capacity / this.patchSize));
    const room = this.finer ? positions : positions + 1;
    const step = this.transformer.advance(x, before?.transformer ?? null, {...options, capacity: room});
    return {output: step.output, state: {transformer: step.state, count: positionAfter(count, before?.count)}};
  }

  /** The start token and the first positions, [batch, 1 + positions, hidden]. */
  private sequence(units: tf.Tensor, given: tf.Tensor | null): tf.Tensor {
    const [batch, count] = units.shape as number[];
    const start = this.starts(batch);
    return count === 0 ? start : tf.concat([start, this.embed(units, given, null)], 1);
  }

  /** x of tokens or patches. `from` [1, 1] int32 is the first's position, null the beginning. */
  private embed(units: tf.Tensor, given: tf.Tensor | null, from: tf.Tensor | null): tf.Tensor {
    const [batch, count] = units.shape as number[];
    let x = this.embedding.forward(units);
    const places = tokenPositions(count, from).reshape([count]);
    if (this.positions) x = x.add(embeddingLookup(this.positions.read(), places));
    if (given)
      x = x.add(from ? tf.gather(given, places as tf.Tensor1D, 1) : given.slice([0, 0, 0], [batch, count, -1]));
    return x;
  }

  /** The start token for each row, [batch, 1, hidden]. */
  private starts(batch: number): tf.Tensor {
    const start = this.start.read();
    // Not by a tile, whose gradient tfjs sums row by row.
    return tf.zeros([batch, 1, start.size]).add(start);
  }

  /** What outputs say to the children of the patches behind them, [batch, positions, children, their width]. */
  private conditionsOf(y: tf.Tensor): tf.Tensor {
    const [batch, count] = y.shape as number[];
    const [, {length, hiddenSize}] = this.config.levels;
    return (this.finer as {conditions: Linear}).conditions.forward(y).reshape([batch, count, length, hiddenSize]);
  }
}
tf.serialization.registerClass(Stage);

/** A patch's tokens, with more behind so many. */
function withTokens(room: tf.Tensor, tokens: tf.Tensor, length: tf.Scalar): Pick<PatchState, 'tokens' | 'length'> {
  const [batch, time] = tokens.shape as number[];
  return {
    tokens: appendRows(room, tokens.toFloat().reshape([batch, 1, time, 1]), length),
    length: length.add(tf.scalar(time, 'int32')),
  };
}
