import {linformerMixer} from './linformer-mixer';
import {LinformerMixer, type LinformerMixerConfig} from './linformer-mixer-layer';
import {LinformerBlock, type LinformerBlockConfig} from './model';

export {card} from './card';
export type {LinformerConfig, LinformerOptions} from './config';
export type {LinformerMixerMemory} from './linformer-mixer';
export {fromPretrained, Linformer, linformer} from './model';
export {presets} from './presets';
export type {LinformerBlockConfig, LinformerMixerConfig};

/** Linformer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Gated running means, see {@link LinformerMixer}. */
  linformerMixer: (config: ConstructorParameters<typeof LinformerMixer>[0]) => new LinformerMixer(config),
  /** The mixer and a feed-forward with norms and skip connections, see {@link LinformerBlock}. */
  linformerBlock: (config: ConstructorParameters<typeof LinformerBlock>[0]) => new LinformerBlock(config),
};

/** Linformer's mathematics as pure differentiable functions. */
export const ops = {
  linformerMixer,
};
