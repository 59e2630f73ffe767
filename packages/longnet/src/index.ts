import {longnetMixer} from './longnet-mixer';
import {LongnetMixer, type LongnetMixerConfig} from './longnet-mixer-layer';
import {LongnetBlock, type LongnetBlockConfig} from './model';

export {card} from './card';
export type {LongnetConfig, LongnetOptions} from './config';
export type {LongnetMixerMemory} from './longnet-mixer';
export {fromPretrained, Longnet, longnet} from './model';
export {presets} from './presets';
export type {LongnetBlockConfig, LongnetMixerConfig};

/** Longnet's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Gated running means, see {@link LongnetMixer}. */
  longnetMixer: (config: ConstructorParameters<typeof LongnetMixer>[0]) => new LongnetMixer(config),
  /** The mixer and a feed-forward with norms and skip connections, see {@link LongnetBlock}. */
  longnetBlock: (config: ConstructorParameters<typeof LongnetBlock>[0]) => new LongnetBlock(config),
};

/** Longnet's mathematics as pure differentiable functions. */
export const ops = {
  longnetMixer,
};
