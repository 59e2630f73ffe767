import {ReformerBlock, type ReformerBlockConfig} from './model';
import {reformerMixer} from './reformer-mixer';
import {ReformerMixer, type ReformerMixerConfig} from './reformer-mixer-layer';

export {card} from './card';
export type {ReformerConfig, ReformerOptions} from './config';
export {fromPretrained, Reformer, reformer} from './model';
export {presets} from './presets';
export type {ReformerMixerMemory} from './reformer-mixer';
export type {ReformerBlockConfig, ReformerMixerConfig};

/** Reformer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Gated running means, see {@link ReformerMixer}. */
  reformerMixer: (config: ConstructorParameters<typeof ReformerMixer>[0]) => new ReformerMixer(config),
  /** The mixer and a feed-forward with norms and skip connections, see {@link ReformerBlock}. */
  reformerBlock: (config: ConstructorParameters<typeof ReformerBlock>[0]) => new ReformerBlock(config),
};

/** Reformer's mathematics as pure differentiable functions. */
export const ops = {
  reformerMixer,
};
