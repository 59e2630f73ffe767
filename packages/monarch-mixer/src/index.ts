import {BlockDiagonalLinear, type BlockDiagonalLinearConfig} from './block-diagonal-linear';
import {MonarchFeedForward, type MonarchFeedForwardConfig} from './feed-forward';
import {type Basis, basisMatrix, causalMonarch} from './long-convolution/causal-monarch';
import type {ImplicitConvolutionConfig} from './long-convolution/implicit-convolution';
import {M2BertLayer, type M2BertLayerConfig} from './m2-bert/layer';
import {MonarchBlock, type MonarchBlockConfig} from './model';
import {monarch} from './monarch';
import {MonarchLinear, type MonarchLinearConfig} from './monarch-linear';
import {SequenceMixer, type SequenceMixerConfig} from './sequence-mixer';

export {card} from './card';
export type {MixerFields, MonarchMixerConfig, MonarchMixerOptions} from './config';
export {type FromPretrainedOptions, fromPretrained} from './from-pretrained';
export {M2BertClassifier, m2BertClassifier} from './m2-bert/classifier';
export type {
  M2BertClassifierConfig,
  M2BertClassifierOptions,
  M2BertConfig,
  M2BertOptions,
  Pooling,
} from './m2-bert/config';
export {M2Bert, m2Bert} from './m2-bert/masked-lm';
export {m2BertPresets} from './m2-bert/presets';
export {MonarchMixer, monarchMixer} from './model';
export {presets} from './presets';
export type {
  Basis,
  BlockDiagonalLinearConfig,
  ImplicitConvolutionConfig,
  M2BertLayerConfig,
  MonarchBlockConfig,
  MonarchFeedForwardConfig,
  MonarchLinearConfig,
  SequenceMixerConfig,
};

/** Monarch Mixer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** A Monarch matrix of order 2, see {@link MonarchLinear}. */
  monarchLinear: (config: ConstructorParameters<typeof MonarchLinear>[0]) => new MonarchLinear(config),
  /** One factor of such a matrix, a block-diagonal one, see {@link BlockDiagonalLinear}. */
  blockDiagonalLinear: (config: ConstructorParameters<typeof BlockDiagonalLinear>[0]) =>
    new BlockDiagonalLinear(config),
  /** The mixer along the sequence, see {@link SequenceMixer}. */
  sequenceMixer: (config: ConstructorParameters<typeof SequenceMixer>[0]) => new SequenceMixer(config),
  /** The mixer along features, see {@link MonarchFeedForward}. */
  monarchFeedForward: (config: ConstructorParameters<typeof MonarchFeedForward>[0]) => new MonarchFeedForward(config),
  /** Both, with norms and skip connections, as in the causal model, see {@link MonarchBlock}. */
  monarchBlock: (config: ConstructorParameters<typeof MonarchBlock>[0]) => new MonarchBlock(config),
  /** Both, as in M2-BERT, see {@link M2BertLayer}. */
  m2BertLayer: (config: ConstructorParameters<typeof M2BertLayer>[0]) => new M2BertLayer(config),
};

/** Monarch Mixer's mathematics as pure differentiable functions. */
export const ops = {monarch, causalMonarch, basisMatrix};
