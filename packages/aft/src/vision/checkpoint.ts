import {CheckpointError, type CheckpointLayout} from '@variants/core';
import {
  bias,
  blockTensors,
  configOf,
  matrix,
  norm,
  readBlockFields,
  readMixerFields,
  writeBlockFields,
  writeMixerFields,
} from '../checkpoints/parts';
import {type AftVisionConfig, resolveVisionConfig, tokensOf} from './config';

/** Rows and columns of patches of a configuration: two numbers, or nothing. */
function gridOf(grid: unknown, file: string): [rows: number, columns: number] {
  if (grid === undefined || grid === null) return [0, 0];
  if (Array.isArray(grid) && grid.length === 2) return [grid[0], grid[1]];
  throw new CheckpointError(`${file}: grid is ${JSON.stringify(grid)}, but must be a list of rows and columns`);
}

/** Files of an AFT image classifier: the paper's model, in the names of Vision Transformers. */
export const visionLayout: CheckpointLayout<AftVisionConfig> = {
  name: 'aft-vision',
  recognizes: ({tensors}) => tensors.has('patch_embed.weight') && tensors.has('blocks.0.aft.to_q.weight'),
  readConfig(checkpoint) {
    const json = configOf(checkpoint);
    const {num_classes, patch_size, channels} = json as {[field: string]: number};
    const [gridRows, gridColumns] = json.type === 'conv' ? [0, 0] : gridOf(json.grid, checkpoint.name);
    return resolveVisionConfig({
      ...readMixerFields(json),
      ...readBlockFields(json),
      numClasses: num_classes,
      patchSize: patch_size,
      imageChannels: channels,
      gridRows,
      gridColumns,
    });
  },
  writeConfig: (config) => ({
    architecture: 'AFTVision',
    num_classes: config.numClasses,
    ...writeMixerFields(config),
    ...writeBlockFields(config),
    patch_size: config.patchSize,
    channels: config.imageChannels,
    ...(config.variant === 'conv' ? {spatial_dims: 2} : {grid: [config.gridRows, config.gridColumns]}),
    causal: false,
  }),
  tensors(config) {
    const {hiddenSize, imageChannels, patchSize, numLayers, variant} = config;
    const tokens = [
      {theirs: 'cls_token', ours: 'tokens/token', shape: [1, 1, hiddenSize]},
      {theirs: 'pos_emb', ours: 'tokens/positions', shape: [1, tokensOf(config), hiddenSize]},
    ];
    return [
      {
        theirs: 'patch_embed.weight',
        ours: 'embedding/kernel',
        shape: [hiddenSize, imageChannels, patchSize, patchSize],
      },
      bias('patch_embed', 'embedding'),
      ...(variant === 'conv' ? [] : tokens),
      ...Array.from({length: numLayers}, (_, i) => blockTensors(config, i)).flat(),
      ...norm('norm', 'final_norm'),
      matrix('head', 'head'),
      bias('head', 'head'),
    ];
  },
};
