import {modalConvolution} from './distillation/modal-convolution';
import {HyenaOperator, type HyenaOperatorConfig} from './hyena-operator';
import {hyenaOperator} from './hyena-ops';
import {HyenaBlock, type HyenaBlockConfig} from './model';

export {card} from './card';
export {HyenaClassifier, hyenaClassifier} from './classifier';
export type {
  HyenaBackboneConfig,
  HyenaClassifierConfig,
  HyenaClassifierOptions,
  HyenaConfig,
  HyenaOptions,
  Pooling,
} from './config';
export type {DistilledHyenaConfig, DistilledHyenaOptions} from './distillation/config';
export {type Distillation, type DistillationError, type DistilOptions, distil} from './distillation/distil';
export type {ModalFilter} from './distillation/modal-convolution';
export {DistilledHyena} from './distillation/model';
export {type FromPretrainedOptions, fromPretrained} from './from-pretrained';
export {Hyena, hyena} from './model';
export {nucleotideTokenizer} from './nucleotides';
export {presets} from './presets';
export type {HyenaBlockConfig, HyenaOperatorConfig};

/** Hyena's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** The operator, see {@link HyenaOperator}. */
  hyena: (config: ConstructorParameters<typeof HyenaOperator>[0]) => new HyenaOperator(config),
  /** Operator and feed-forward with norms and skip connections, see {@link HyenaBlock}. */
  hyenaBlock: (config: ConstructorParameters<typeof HyenaBlock>[0]) => new HyenaBlock(config),
};

/** Hyena's mathematics as pure differentiable functions. */
export const ops = {hyena: hyenaOperator, modalConvolution};
