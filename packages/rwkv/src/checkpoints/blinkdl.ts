import {type Checkpoint, CheckpointError, type CheckpointLayout} from '@variants/core';
import {type RwkvConfig, type RwkvVersion, resolveConfig} from '../config';
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

/** The version by what only its time mix has. */
function versionOf({tensors}: Checkpoint): RwkvVersion | undefined {
  const has = (name: string) => tensors.has(`blocks.0.att.${name}`);
  if (has('time_maa_x')) return 6;
  if (has('gate.weight') && has('time_faaaa')) return 5;
  return has('time_first') ? 4 : undefined;
}

/** The configuration as the shapes of the tensors tell it; config.json is needed for what they do not show. */
function readConfig(checkpoint: Checkpoint): RwkvConfig {
  const version = versionOf(checkpoint);
  const [vocabSize, hiddenSize] = shapeOf(checkpoint, 'emb.weight', 2);
  const [attentionSize] = shapeOf(checkpoint, 'blocks.0.att.key.weight', 2);
  const [intermediateSize] = shapeOf(checkpoint, 'blocks.0.ffn.key.weight', 2);
  const axis = (name: string, rank: number, index: number) => shapeOf(checkpoint, `blocks.0.att.${name}`, rank)[index];
  const {dropout, head_size_divisor: headSizeDivisor} = (checkpoint.config ?? {}) as {[field: string]: number};
  return resolveConfig({
    version,
    vocabSize,
    hiddenSize,
    numLayers: countBlocks(checkpoint),
    attentionSize,
    intermediateSize,
    ...(version !== 4 && {numHeads: axis('time_faaaa', 2, 0), headSizeDivisor}),
    ...(version === 6 && {
      mixRank: axis('time_maa_w1', 2, 1) / 5,
      decayRank: axis('time_decay_w1', 2, 1),
      initialState: checkpoint.tensors.has('blocks.0.att.time_state'),
    }),
    dropout,
  });
}

/** The configuration in the fields of the authors' training code. */
function writeConfig(config: RwkvConfig): Record<string, unknown> {
  const {version, attentionSize, numHeads} = config;
  return {
    model_type: `rwkv${version}`,
    vocab_size: config.vocabSize,
    n_layer: config.numLayers,
    n_embd: config.hiddenSize,
    dim_att: attentionSize,
    dim_ffn: config.intermediateSize,
    ...(numHeads > 0 && {head_size_a: attentionSize / numHeads, head_size_divisor: config.headSizeDivisor}),
    dropout: config.dropout,
  };
}

/** Files of BlinkDL's RWKV-LM: .pth, or the same tensors as safetensors. They need no config.json. */
export const blinkDL: CheckpointLayout<RwkvConfig> = {
  name: 'blinkdl',
  recognizes: (checkpoint) => checkpoint.tensors.has('emb.weight') && versionOf(checkpoint) !== undefined,
  readConfig,
  writeConfig,
  tensors: modelTensors,
};
