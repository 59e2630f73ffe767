import {PerformerBlock, type PerformerBlockConfig} from './model';
import {performerMixer} from './performer-mixer';
import {PerformerMixer, type PerformerMixerConfig} from './performer-mixer-layer';

export {card} from './card';
export type {PerformerConfig, PerformerOptions} from './config';
export {fromPretrained, Performer, performer} from './model';
export type {PerformerMixerMemory} from './performer-mixer';
export {presets} from './presets';
export type {PerformerBlockConfig, PerformerMixerConfig};

/** Performer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Gated running means, see {@link PerformerMixer}. */
  performerMixer: (config: ConstructorParameters<typeof PerformerMixer>[0]) => new PerformerMixer(config),
  /** The mixer and a feed-forward with norms and skip connections, see {@link PerformerBlock}. */
  performerBlock: (config: ConstructorParameters<typeof PerformerBlock>[0]) => new PerformerBlock(config),
};

/** Performer's mathematics as pure differentiable functions. */
export const ops = {
  performerMixer,
};
