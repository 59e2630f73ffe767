import {aftConv, aftConv2d, standardizedTaps} from './conv-ops';
import {AftSimple, type MixerConfig} from './mixers/attention-free';
import {AftFull, AftLocal, type BiasedConfig, type LocalConfig} from './mixers/biased';
import {AftConv, AftConv2d, type TapsConfig} from './mixers/conv';
import {AftBlock, type AftBlockConfig} from './model';
import {aftFull, aftLocal, aftSimple} from './ops';

export type {BiasFactors, PositionBias} from './biases';
export {card} from './card';
export {type LoadedMixer, type MixerFileConfig, mixerFromPretrained} from './checkpoints/mixer';
export type {AftConfig, AftOptions, AftVariant, MixerFields} from './config';
export type {AnyMixerConfig} from './mixers/mixer';
export {Aft, aft, fromPretrained} from './model';
export type {CausalOption, LocalOptions} from './ops';
export {presets} from './presets';
export type {AftVisionConfig, AftVisionOptions} from './vision/config';
export {AftVision, aftVision, visionFromPretrained} from './vision/model';
export {visionPresets} from './vision/presets';
export type {AftBlockConfig, BiasedConfig, LocalConfig, MixerConfig, TapsConfig};

/** AFT's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** AFT-simple, see {@link AftSimple}. */
  aftSimple: (config: ConstructorParameters<typeof AftSimple>[0] = {}) => new AftSimple(config),
  /** AFT-full, see {@link AftFull}. */
  aftFull: (config: ConstructorParameters<typeof AftFull>[0]) => new AftFull(config),
  /** AFT-local, see {@link AftLocal}. */
  aftLocal: (config: ConstructorParameters<typeof AftLocal>[0]) => new AftLocal(config),
  /** AFT-conv of sequences, see {@link AftConv}. */
  aftConv: (config: ConstructorParameters<typeof AftConv>[0]) => new AftConv(config),
  /** AFT-conv of images, see {@link AftConv2d}. */
  aftConv2d: (config: ConstructorParameters<typeof AftConv2d>[0]) => new AftConv2d(config),
  /** A mixer and a feed-forward with norms and skip connections, see {@link AftBlock}. */
  aftBlock: (config: ConstructorParameters<typeof AftBlock>[0]) => new AftBlock(config),
};

/** AFT's mathematics as pure differentiable functions. */
export const ops = {aftSimple, aftFull, aftLocal, aftConv, aftConv2d, standardizedTaps};
