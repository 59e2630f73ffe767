import {standardizedKernel} from './biases/kernel-bias';
import {AftBlock, type AftBlockConfig} from './block';
import type {MixerConfig} from './mixers/attention-free';
import type {BiasedConfig} from './mixers/biased';
import {AftConv} from './mixers/conv';
import {AftConv2d} from './mixers/conv-2d';
import {AftFull} from './mixers/full';
import type {KernelConfig} from './mixers/kernel';
import {AftLocal, type LocalConfig} from './mixers/local';
import {AftSimple} from './mixers/simple';
import {aftConv} from './ops/conv';
import {aftConv2d} from './ops/conv-2d';
import {aftFull} from './ops/full';
import {aftLocal} from './ops/local';
import {aftSimple} from './ops/simple';

export type {BiasFactors, PositionBias} from './biases/position-bias';
export {card} from './card';
export {type LoadedMixer, type MixerFileConfig, mixerFromPretrained} from './checkpoints/mixer';
export type {AftConfig, AftOptions} from './config';
export type {AftVariant, AnyMixerConfig} from './mixers/mixer';
export type {MixerFields} from './mixers/mixer-fields';
export {Aft, aft, fromPretrained} from './model';
export type {LocalOptions} from './ops/local';
export type {CausalOption} from './ops/simple';
export {presets} from './presets';
export type {AftVisionConfig, AftVisionOptions} from './vision/config';
export {AftVision, aftVision, visionFromPretrained} from './vision/model';
export {visionPresets} from './vision/presets';
export type {AftBlockConfig, BiasedConfig, KernelConfig, LocalConfig, MixerConfig};

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
export const ops = {aftSimple, aftFull, aftLocal, aftConv, aftConv2d, standardizedKernel};
