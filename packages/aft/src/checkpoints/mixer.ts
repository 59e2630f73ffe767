/**
 * Files of one mixer, as the implementations that there are store them: a layer in a model of their users' own.
 */
import * as tf from '@tensorflow/tfjs';
import {
  type CausalLayer,
  type CheckpointLayout,
  type CheckpointModel,
  type CheckpointSource,
  defineLayout,
  fields,
  loadCheckpoint,
  resolveFields,
} from '@variants/core';
import {checkMixerConfig, type MixerFields, mixerRules} from '../config';
import {createMixer} from '../mixers/mixer';
import {labmlNames, mixerFields, mixerTensors, usualNames} from './parts';

/** What a file of one mixer says about it. */
export interface MixerFileConfig extends MixerFields {
  /** A position sees itself and earlier ones alone. */
  causal: boolean;
  /** Positions that there are biases for; 1 in the variants that have none. */
  maxSequenceLength: number;
  /** Axes that AFT-conv goes over, 1 for sequences or 2 for images. */
  axes: number;
}

/** A mixer that was loaded, which `saveCheckpoint` can save. */
export interface LoadedMixer extends CheckpointModel<MixerFileConfig> {
  /** The layer, with the weights of the file. */
  layer: CausalLayer;
  dispose(): void;
}

function resolveMixerConfig(options: Partial<MixerFileConfig>): MixerFileConfig {
  const config = resolveFields<MixerFileConfig>(
    'aft mixer',
    {
      ...mixerRules(options, 'simple'),
      causal: fields.flag(false),
      maxSequenceLength: fields.count(1),
      axes: fields.count(1),
    },
    options,
  );
  checkMixerConfig('aft mixer', config, config.causal);
  return config;
}

type Layout = CheckpointLayout<MixerFileConfig>;

/** The names that rish-16/aft-pytorch gave them. */
const usualLayout = (layerName: string): Layout =>
  defineLayout<MixerFileConfig>({
    name: 'aft-pytorch',
    recognizes: ({tensors}) => tensors.has('to_q.weight') && tensors.has('project.weight'),
    fields: {
      ...mixerFields,
      causal: 'causal',
      maxSequenceLength: {theirs: 'max_seq_len', write: (positions) => (positions > 1 ? positions : undefined)},
      axes: {theirs: 'spatial_dims', write: (axes, {variant}) => (variant === 'conv' ? axes : undefined)},
    },
    constants: {model_type: 'aft'},
    resolve: resolveMixerConfig,
    tensors: (config) => mixerTensors(config, '', layerName, usualNames),
  });

/** labml's annotated implementation: AFT-local with a matrix of biases. Its mask of the window follows from the size. */
const labmlLayout = (layerName: string): Layout =>
  defineLayout<MixerFileConfig>({
    name: 'labml',
    recognizes: ({tensors}) => tensors.has('query.weight') && tensors.has('pos_bias'),
    fields: {
      variant: {from: () => 'local'},
      factorSize: {from: () => 0},
      hiddenSize: {theirs: 'd_model', required: true},
      maxSequenceLength: {theirs: 'seq_len', required: true},
      windowSize: {theirs: 'local_window_size', required: true},
      useBias: 'bias',
      causal: 'causal',
    },
    constants: {model_type: 'aft', weights_format: 'labml', type: 'local'},
    resolve: resolveMixerConfig,
    tensors: (config) => mixerTensors(config, '', layerName, labmlNames),
    ignored: [/^local_mask$/],
  });

/**
 * A mixer from a file of one: in the names of rish-16/aft-pytorch, as `to_q.weight`, or of labml's annotated implementation,
 * as `query.weight`, with a config.json that says its sizes.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.name Of the layer; layers of one model must have different ones. Default 'mixer'.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function mixerFromPretrained(
  source: CheckpointSource,
  {name = 'mixer'}: {name?: string} = {},
): Promise<LoadedMixer> {
  const layouts = [usualLayout(name), labmlLayout(name)];
  return loadCheckpoint(source, layouts, (config) => createLoadable(config, name, layouts[0]));
}

function createLoadable(config: MixerFileConfig, name: string, layout: Layout): LoadedMixer {
  const isImage = config.variant === 'conv' && config.axes === 2;
  const layer = createMixer({...config, name, variant: isImage ? 'conv2d' : config.variant});
  layer.apply(tf.input({shape: [...new Array(isImage ? 2 : 1).fill(null), config.hiddenSize]}));
  return {config, layout, layer, weights: layer.weights, dispose: () => void layer.dispose()};
}
