import type * as tf from '@tensorflow/tfjs';
import {CausalLayer, ConfigError, type ForwardOptions, Linear, normal, ShapeError} from '@variants/core';
import type {ChunkOptions} from './attention';
import type {BranchOutput} from './reversible';

/** Options that both kinds of attention layers have. */
export interface ChunkedAttentionConfig {
  numHeads: number;
  /** Features of a head. */
  headSize: number;
  /** Positions of a chunk. Default 64. */
  chunkLength?: number;
  /** Chunks before its own that a query sees. Default 1. */
  chunksBefore?: number;
  /** Chunks behind its own that a query sees; 0 where causal. Default 0. */
  chunksAfter?: number;
  /** No position sees a later one. Default false. */
  causal?: boolean;
  /** What longer sequences are padded to a multiple of; see `ChunkOptions`. Default chunkLength. */
  multiple?: number;
  /** The longest sequence that is not padded. Default chunkLength. */
  unpadded?: number;
}

/** Attention in chunks as a layer, [batch, time, hidden] to the same. */
export abstract class ChunkedAttentionLayer<Config extends ChunkedAttentionConfig> extends CausalLayer<Config> {
  /**
   * The layer's function, and what it keeps for being run again on nearly the same x.
   * @param kept What it kept before, null the first time.
   */
  abstract attend(x: tf.Tensor, options: ForwardOptions, kept: readonly tf.Tensor[] | null): BranchOutput;

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.attend(x, options, null).output;
  }

  protected get chunkLength(): number {
    return this.config.chunkLength ?? 64;
  }

  /** A projection to the heads, or back, without a bias. */
  protected projection(name: string, units: number, inputs: number): Linear {
    return this.child(name, new Linear({units, useBias: false}, {kernel: normal(0.02)}), [null, inputs]);
  }

  /** How the operation is told. */
  protected chunkOptions({attentionMask: mask}: ForwardOptions): ChunkOptions {
    const {chunksBefore: before = 1, chunksAfter: after = 0, causal = false, multiple, unpadded} = this.config;
    return {chunkLength: this.chunkLength, before, after, causal, mask, multiple, unpadded};
  }

  /** Throws where the layer cannot be fed in pieces. */
  protected requireCausal({attentionMask}: ForwardOptions): void {
    const {causal = false, chunksAfter = 0} = this.config;
    if (!causal || chunksAfter > 0)
      throw new ConfigError(
        `${this.path}: sees later positions, so it cannot be fed in pieces; make causal true and chunksAfter 0`,
      );
    if (attentionMask)
      throw new ConfigError(
        `${this.path}: a stream takes no attentionMask, as padding moves chunks; feed each prompt by itself`,
      );
  }

  /** Throws where a piece has another batch than what its stream remembers, a tensor [batch, ...]. */
  protected requireBatch(x: tf.Tensor, {shape}: tf.Tensor): void {
    if (x.shape[0] !== shape[0])
      throw new ShapeError(`${this.path}: a batch of ${x.shape[0]} cannot continue a stream of a batch of ${shape[0]}`);
  }
}
