import {RetNetBlock, type RetNetBlockConfig} from './model';
import {normalizedDecayMatrix, retentionChunkwise, retentionParallel, retentionRecurrent} from './retention';
import {Retention, type RetentionConfig} from './retention-layer';

export {card} from './card';
export type {RetNetConfig, RetNetOptions} from './config';
export {fromPretrained, RetNet, retnet} from './model';
export {presets} from './presets';
export type {ChunkNormalizer, ChunkwiseOptions, RetentionMemory, RetentionOptions} from './retention';
export type {RetentionConfig, RetNetBlockConfig};

/** RetNet's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Gated multi-scale retention, see {@link Retention}. */
  retention: (config: ConstructorParameters<typeof Retention>[0]) => new Retention(config),
  /** Retention and feed-forward with norms and skip connections, see {@link RetNetBlock}. */
  retNetBlock: (config: ConstructorParameters<typeof RetNetBlock>[0]) => new RetNetBlock(config),
};

/** RetNet's mathematics as pure differentiable functions. */
export const ops = {
  retention: retentionParallel,
  retentionChunkwise,
  retentionRecurrent,
  normalizedDecayMatrix,
};
