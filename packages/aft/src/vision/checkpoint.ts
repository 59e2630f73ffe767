import {type AuthorsConfig, CheckpointError, defineLayout, mappings} from '@variants/core';
import {blockFields, blockTensors} from '../checkpoints/parts';
import {type AftVisionConfig, resolveVisionConfig, tokensOf} from './config';

const {linear, norm} = mappings;

/** Rows or columns of patches of a configuration, which is none of variant conv. */
function gridOf({type, grid}: AuthorsConfig, axis: 0 | 1, file: string): unknown {
  if (type === 'conv' || grid == null) return 0;
  if (Array.isArray(grid) && grid.length === 2) return grid[axis];
  throw new CheckpointError(`${file}: grid is ${JSON.stringify(grid)}, but must be a list of rows and columns`);
}

/** Files of an AFT image classifier: the paper's model, in the names of Vision Transformers. */
export const visionLayout = defineLayout<AftVisionConfig>({
  name: 'aft-vision',
  recognizes: ({tensors}) => tensors.has('patch_embed.weight') && tensors.has('blocks.0.aft.to_q.weight'),
  fields: {
    ...blockFields,
    numClasses: {theirs: 'num_classes', required: true},
    patchSize: 'patch_size',
    imageChannels: 'channels',
    gridRows: {
      from: (json, file) => gridOf(json, 0, file),
      to: (rows, {variant, gridColumns}) => (variant === 'conv' ? {spatial_dims: 2} : {grid: [rows, gridColumns]}),
    },
    gridColumns: {from: (json, file) => gridOf(json, 1, file)},
  },
  constants: {model_type: 'aft', architecture: 'AFTVision', causal: false},
  resolve: resolveVisionConfig,
  tensors(config) {
    const {hiddenSize, imageChannels, patchSize, variant} = config;
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
      {theirs: 'patch_embed.bias', ours: 'embedding/bias'},
      ...(variant === 'conv' ? [] : tokens),
      ...blockTensors(config),
      ...norm('norm', 'final_norm'),
      ...linear('head', 'head'),
    ];
  },
});
