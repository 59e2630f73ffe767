import {megabyteMixer} from './megabyte-mixer';
import {MegabyteMixer, type MegabyteMixerConfig} from './megabyte-mixer-layer';
import {MegabyteBlock, type MegabyteBlockConfig} from './model';

export {card} from './card';
export type {MegabyteConfig, MegabyteOptions} from './config';
export type {MegabyteMixerMemory} from './megabyte-mixer';
export {fromPretrained, Megabyte, megabyte} from './model';
export {presets} from './presets';
export type {MegabyteBlockConfig, MegabyteMixerConfig};

/** Megabyte's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Gated running means, see {@link MegabyteMixer}. */
  megabyteMixer: (config: ConstructorParameters<typeof MegabyteMixer>[0]) => new MegabyteMixer(config),
  /** The mixer and a feed-forward with norms and skip connections, see {@link MegabyteBlock}. */
  megabyteBlock: (config: ConstructorParameters<typeof MegabyteBlock>[0]) => new MegabyteBlock(config),
};

/** Megabyte's mathematics as pure differentiable functions. */
export const ops = {
  megabyteMixer,
};
