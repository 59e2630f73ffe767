import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  ConfigError,
  type ForwardOptions,
  joinHeads,
  lastDimension,
  positionAfter,
  ShapeError,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {favorAdvance, favorAttention} from '../ops/favor-attention';

import {localAttention} from '../ops/local-attention';
import {type LocalMemory, localAdvance} from '../ops/local-stream';
import type {LinearMemory} from '../ops/memory';
import {AttentionParts, type PerformerSelfAttentionConfig, type SplitHeads} from './attention-parts';
import {placesOf, turning} from './places';
import type {RandomProjection} from './projection';

/** What a stream remembers: no more however long it is. */
type SelfAttentionMemory = {
  /** Of the heads of random features. */
  global: LinearMemory | null;
  /** Of the heads in windows. */
  local: LocalMemory | null;
  /** Of the next token, [batch or 1, 1] int32. */
  position: tf.Tensor;
};

/** Queries, keys and values. */
interface Projected {
  q: SplitHeads;
  k: SplitHeads;
  v: SplitHeads;
}

/**
 * Causal self-attention by random features (FAVOR+), [batch, time, hidden] to the same, in linear time and with a memory of
 * constant size:
 *
 *     q, k, v = x W_q, x W_k, x W_v, in heads;      y = concat over heads of favorAttention(q, k, v) · W_o
 *
 * The last `localHeads` heads are softmax attention in windows. A whole sequence may be run as the widely used implementation
 * does (`stabilizer: 'sequence'`), whose outputs depend a little on later tokens; a stream knows none and never does.
 *
 * Children `queries`, `keys`, `values` [hidden, heads · size], `output` [heads · size, hidden], `projection` [m, size].
 */
export class PerformerSelfAttention extends CausalLayer<PerformerSelfAttentionConfig> {
  static readonly className = 'PerformerSelfAttention';
  private parts!: AttentionParts;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const whose = {hiddenSize, path: this.path};
    this.parts = new AttentionParts(this.config, whose, (name, layer, shape) => this.child(name, layer, shape));
  }

  /** The directions of its features, if any. */
  get projections(): RandomProjection[] {
    return this.parts.projection ? [this.parts.projection] : [];
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {stabilizer, localWindow: window = 256, padding = 'hidden'} = this.config;
    const {attentionMask: mask} = options;
    this.checkMask(x, mask, null);
    const {q, k, v} = this.project(x, null, mask);
    const heads = [];
    if (q.global && k.global && v.global) {
      const how = {...this.parts.favor(mask), causal: true, stabilizer, chunkSize: this.config.chunkSize};
      heads.push(favorAttention(q.global, k.global, v.global, how));
    }
    if (q.local && k.local && v.local) {
      const form = padding === 'valueless' ? '1.4' : 'exact';
      heads.push(localAttention(q.local, k.local, v.local, {window, causal: true, mask, form}));
    }
    return this.joined(heads);
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as SelfAttentionMemory | null;
    const {attentionMask: mask} = options;
    this.checkMask(x, mask, before);
    if (mask && (this.config.localHeads ?? 0) > 0)
      throw new ConfigError(
        `${this.path}: a stream takes no attentionMask, as it has local heads, which do not remember what is padding; run rows of other lengths one by one`,
      );
    const {q, k, v} = this.project(x, before?.position ?? null, mask);
    const heads = [];
    let [global, local]: [LinearMemory | null, LocalMemory | null] = [null, null];
    if (q.global && k.global && v.global) {
      const how = {...this.parts.favor(mask), chunkSize: this.config.chunkSize};
      const step = favorAdvance(q.global, k.global, v.global, before?.global ?? null, how);
      global = step.memory;
      heads.push(step.output);
    }
    if (q.local && k.local && v.local) {
      const step = localAdvance(q.local, k.local, v.local, before?.local ?? null, this.config.localWindow ?? 256);
      local = step.memory;
      heads.push(step.output);
    }
    const position = positionAfter(x.shape[1] as number, before?.position, this.counted(mask));
    return {output: this.joined(heads), state: {global, local, position}};
  }

  private project(x: tf.Tensor, start: tf.Tensor | null, mask: tf.Tensor | undefined): Projected {
    const {queries, keys, values, headSize} = this.parts;
    const [q, k, v] = [queries, keys, values].map((linear) => this.parts.split(linear.forward(x)));
    if (this.config.rotary === false || !q.global) return {q, k, v};
    const turn = turning(placesOf(x.shape[1] as number, start, this.counted(mask)), headSize);
    const turned = (heads: SplitHeads) => ({...heads, global: heads.global && turn(heads.global)});
    return {q: turned(q), k: turned(k), v};
  }

  /** The mask where padding takes no position: the widely used implementation counts all. */
  private counted(mask: tf.Tensor | undefined): tf.Tensor | undefined {
    return this.config.padding === 'valueless' ? undefined : mask;
  }

  private joined(heads: tf.Tensor[]): tf.Tensor {
    return this.parts.output.forward(joinHeads(heads.length === 1 ? heads[0] : tf.concat(heads, 1)));
  }

  private checkMask(x: tf.Tensor, mask: tf.Tensor | undefined, before: SelfAttentionMemory | null): void {
    const [batch, time] = x.shape;
    const rows = before?.global?.sums.shape[0] ?? before?.local?.keys.shape[0] ?? batch;
    if (rows !== batch)
      throw new ShapeError(`${this.path}: a batch of ${batch} cannot continue a stream of a batch of ${rows}`);
    if (!mask) return;
    if (mask.shape.join() !== [batch, time].join())
      throw new ShapeError(
        `${this.path}: attentionMask [${mask.shape}] must have the shape [batch, time] of the input, [${batch},${time}]`,
      );
    const {localHeads = 0, padding = 'hidden'} = this.config;
    if (localHeads > 0 && padding === 'hidden')
      throw new ConfigError(
        `${this.path}: takes no attentionMask, as it has local heads: padding would move rows against their windows; run rows of other lengths one by one`,
      );
  }
}
tf.serialization.registerClass(PerformerSelfAttention);
