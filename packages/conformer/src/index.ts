import {conformerMixer} from './conformer-mixer';
import {ConformerMixer, type ConformerMixerConfig} from './conformer-mixer-layer';
import {ConformerBlock, type ConformerBlockConfig} from './model';

export {card} from './card';
export type {ConformerConfig, ConformerOptions} from './config';
export type {ConformerMixerMemory} from './conformer-mixer';
export {Conformer, conformer, fromPretrained} from './model';
export {presets} from './presets';
export type {ConformerBlockConfig, ConformerMixerConfig};

/** Conformer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Gated running means, see {@link ConformerMixer}. */
  conformerMixer: (config: ConstructorParameters<typeof ConformerMixer>[0]) => new ConformerMixer(config),
  /** The mixer and a feed-forward with norms and skip connections, see {@link ConformerBlock}. */
  conformerBlock: (config: ConstructorParameters<typeof ConformerBlock>[0]) => new ConformerBlock(config),
};

/** Conformer's mathematics as pure differentiable functions. */
export const ops = {
  conformerMixer,
};
