import {type Checkpoint, CheckpointError, type CheckpointLayout} from '@variants/core';
import {type RwkvConfig, resolveConfig} from '../config';
import {modelTensors} from './tensors';

/** The shape of a tensor that every file has. */
function shapeOf({name: file, tensors}: Checkpoint, name: string, rank: number): readonly number[] {
  const shape = tensors.get(name)?.shape;
  if (shape?.length !== rank)
    throw new CheckpointError(
      `${file}: tensor "${name}" ${shape ? `has shape [${shape.join(', ')}]` : 'is missing'}; it must have ${rank} axes`,
    );
  return shape;
}

/** One more than the largest i of a name blocks.i. */
function countBlocks({tensors}: Checkpoint): number {
  const indices = [...tensors.keys()].map((name) => Number(name.match(/^blocks\.(\d+)\./)?.[1] ?? -1));
  return indices.reduce((most, index) => Math.max(most, index), -1) + 1;
}

/** The configuration as the shapes of the tensors tell it. */
function readConfig(checkpoint: Checkpoint): RwkvConfig {
  const [vocabSize, hiddenSize] = shapeOf(checkpoint, 'emb.weight', 2);
  const [attentionSize] = shapeOf(checkpoint, 'blocks.0.att.key.weight', 2);
  const [intermediateSize] = shapeOf(checkpoint, 'blocks.0.ffn.key.weight', 2);
  return resolveConfig({
    version: 4,
    vocabSize,
    hiddenSize,
    numLayers: countBlocks(checkpoint),
    attentionSize,
    intermediateSize,
    dropout: checkpoint.config?.dropout as number | undefined,
  });
}

/** Files of BlinkDL's RWKV-LM: .pth, or the same tensors as safetensors. They need no config.json. */
export const blinkDL: CheckpointLayout<RwkvConfig> = {
  name: 'blinkdl',
  recognizes: ({tensors}) => tensors.has('emb.weight') && tensors.has('blocks.0.att.time_first'),
  readConfig,
  writeConfig: ({version, vocabSize, hiddenSize, numLayers, attentionSize, intermediateSize, dropout}) => ({
    model_type: `rwkv${version}`,
    vocab_size: vocabSize,
    n_layer: numLayers,
    n_embd: hiddenSize,
    dim_att: attentionSize,
    dim_ffn: intermediateSize,
    dropout,
  }),
  tensors: modelTensors,
};
