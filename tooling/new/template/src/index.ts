import {TemplateNameBlock, type TemplateNameBlockConfig} from './model';
import {templateNameMixer} from './template-name-mixer';
import {TemplateNameMixer, type TemplateNameMixerConfig} from './template-name-mixer-layer';

export {card} from './card';
export type {TemplateNameConfig, TemplateNameOptions} from './config';
export {fromPretrained, TemplateName, templateName} from './model';
export {presets} from './presets';
export type {TemplateNameMixerMemory} from './template-name-mixer';
export type {TemplateNameBlockConfig, TemplateNameMixerConfig};

/** Template Name's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Gated running means, see {@link TemplateNameMixer}. */
  templateNameMixer: (config: ConstructorParameters<typeof TemplateNameMixer>[0]) => new TemplateNameMixer(config),
  /** The mixer and a feed-forward with norms and skip connections, see {@link TemplateNameBlock}. */
  templateNameBlock: (config: ConstructorParameters<typeof TemplateNameBlock>[0]) => new TemplateNameBlock(config),
};

/** Template Name's mathematics as pure differentiable functions. */
export const ops = {
  templateNameMixer,
};
