import {RwkvBlock, type RwkvBlockConfig} from './block';
import {GatedChannelMix, type GatedChannelMixConfig, PlainChannelMix, type PlainChannelMixConfig} from './channel-mix';
import {TimeMix4, type TimeMix4Config} from './time-mix/time-mix-4';
import {TimeMix5, type TimeMix5Config} from './time-mix/time-mix-5';
import {TimeMix6, type TimeMix6Config} from './time-mix/time-mix-6';
import {TimeMix7, type TimeMix7Config} from './time-mix/time-mix-7';
import {tokenShift} from './token-shift';
import {type Wkv4Options, type Wkv7Options, type Wkv56Options, wkv4, wkv7, wkv56} from './wkv';

export {card} from './card';
export type {RwkvConfig, RwkvOptions, RwkvVersion} from './config';
export type {Depth} from './initializers';
export {fromPretrained, Rwkv, rwkv} from './model';
export {presets} from './presets';
export {worldTokenizer} from './tokenizer/world-tokenizer';
export {tunedState} from './tuned-state';
export type {
  GatedChannelMixConfig,
  PlainChannelMixConfig,
  RwkvBlockConfig,
  TimeMix4Config,
  TimeMix5Config,
  TimeMix6Config,
  TimeMix7Config,
  Wkv4Options,
  Wkv7Options,
  Wkv56Options,
};

/** RWKV's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** The time mix of version 4, see {@link TimeMix4}. */
  timeMix4: (config: ConstructorParameters<typeof TimeMix4>[0]) => new TimeMix4(config),
  /** The time mix of version 5, see {@link TimeMix5}. */
  timeMix5: (config: ConstructorParameters<typeof TimeMix5>[0]) => new TimeMix5(config),
  /** The time mix of version 6, see {@link TimeMix6}. */
  timeMix6: (config: ConstructorParameters<typeof TimeMix6>[0]) => new TimeMix6(config),
  /** The time mix of version 7, see {@link TimeMix7}. */
  timeMix7: (config: ConstructorParameters<typeof TimeMix7>[0]) => new TimeMix7(config),
  /** The channel mix of versions 4 to 6, see {@link GatedChannelMix}. */
  gatedChannelMix: (config: ConstructorParameters<typeof GatedChannelMix>[0]) => new GatedChannelMix(config),
  /** The channel mix of version 7, see {@link PlainChannelMix}. */
  plainChannelMix: (config: ConstructorParameters<typeof PlainChannelMix>[0]) => new PlainChannelMix(config),
  /** Both with norms and skip connections, see {@link RwkvBlock}. */
  rwkvBlock: (config: ConstructorParameters<typeof RwkvBlock>[0]) => new RwkvBlock(config),
};

/** RWKV's mathematics as pure differentiable functions. */
export const ops = {tokenShift, wkv4, wkv56, wkv7};
