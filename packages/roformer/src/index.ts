import {rotaryFrequencies} from '@variants/core';
import {CausalRoFormerBlock, type CausalRoFormerBlockConfig, RoFormerBlock, type RoFormerBlockConfig} from './blocks';
import {type AxialOptions, axialAngles, axialRotary} from './rotary/axial';
import {type RotaryLayerConfig, RotaryPositionsLayer} from './rotary/layer';
import {type ChangePairingOptions, changePairing} from './rotary/pairing';
import {
  type LearnedRotaryOptions,
  learnedRotary,
  type PositionTableOptions,
  positionTable,
  type RotaryOptions,
  type RotaryPositions,
  rotary,
} from './rotary/rotary';
import {type XPosOptions, xPos, xPosScales} from './rotary/x-pos';

export {card} from './card';
export {RoFormerClassifier, roformerClassifier} from './classifier';
export type {
  RoFormerClassifierConfig,
  RoFormerClassifierOptions,
  RoFormerConfig,
  RoFormerFields,
  RoFormerMaskedConfig,
  RoFormerMaskedOptions,
  RoFormerOptions,
} from './config';
export {type FromPretrainedOptions, fromPretrained} from './from-pretrained';
export {RoFormerMasked, roformerMasked} from './masked';
export {type PromptOptions, RoFormer, roformer} from './model';
export {presets} from './presets';
export type {
  AxialOptions,
  CausalRoFormerBlockConfig,
  ChangePairingOptions,
  LearnedRotaryOptions,
  PositionTableOptions,
  RoFormerBlockConfig,
  RotaryLayerConfig,
  RotaryOptions,
  RotaryPositions,
  XPosOptions,
};

/** RoFormer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Rotary positions of queries or keys, see {@link RotaryPositionsLayer}. */
  rotary: (config: ConstructorParameters<typeof RotaryPositionsLayer>[0] = {}) => new RotaryPositionsLayer(config),
  /** A block that looks both ways, see {@link RoFormerBlock}. */
  roFormerBlock: (config: ConstructorParameters<typeof RoFormerBlock>[0]) => new RoFormerBlock(config),
  /** A block that looks back, see {@link CausalRoFormerBlock}. */
  causalRoFormerBlock: (config: ConstructorParameters<typeof CausalRoFormerBlock>[0]) =>
    new CausalRoFormerBlock(config),
};

/** Rotary positions as pure differentiable functions. */
export const ops = {
  rotary,
  rotaryFrequencies,
  learnedRotary,
  changePairing,
  positionTable,
  xPos,
  xPosScales,
  axialAngles,
  axialRotary,
};
