import {WideFfnBlock, type WideFfnBlockConfig} from './model';
import {wideFfnMixer} from './wide-ffn-mixer';
import {WideFfnMixer, type WideFfnMixerConfig} from './wide-ffn-mixer-layer';

export {card} from './card';
export type {WideFfnConfig, WideFfnOptions} from './config';
export {fromPretrained, WideFfn, wideFfn} from './model';
export {presets} from './presets';
export type {WideFfnMixerMemory} from './wide-ffn-mixer';
export type {WideFfnBlockConfig, WideFfnMixerConfig};

/** Wide Ffn's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Gated running means, see {@link WideFfnMixer}. */
  wideFfnMixer: (config: ConstructorParameters<typeof WideFfnMixer>[0]) => new WideFfnMixer(config),
  /** The mixer and a feed-forward with norms and skip connections, see {@link WideFfnBlock}. */
  wideFfnBlock: (config: ConstructorParameters<typeof WideFfnBlock>[0]) => new WideFfnBlock(config),
};

/** Wide Ffn's mathematics as pure differentiable functions. */
export const ops = {
  wideFfnMixer,
};
