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

/** How many blocks there are tensors of; their numbers must be 0, 1, ... */
function countBlocks({name: file, tensors}: Checkpoint): number {
  const numbers = new Set([...tensors.keys()].flatMap((name) => name.match(/^blocks\.(\d+)\./)?.[1] ?? []));
  for (let i = 0; i < numbers.size; i++)
    if (!numbers.has(String(i)))
      throw new CheckpointError(`${file}: has tensors of ${numbers.size} blocks, but none of block ${i}`);
  return numbers.size;
}

/** The version by what only its time mix has. */
function versionOf({tensors}: Checkpoint): RwkvVersion | undefined {
  const has = (name: string) => tensors.has(`blocks.0.att.${name}`);
  if (has('r_k')) return 7;
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
  const {dropout} = (checkpoint.config ?? {}) as {[field: string]: number};
  return resolveConfig({
    version,
    vocabSize,
    hiddenSize,
    numLayers: countBlocks(checkpoint),
    attentionSize,
    intermediateSize,
    ...(version && timeMixFields(version, checkpoint)),
    dropout,
  });
}

/** What the shapes tell about the time mix of a version. */
function timeMixFields(version: RwkvVersion, checkpoint: Checkpoint): Partial<RwkvConfig> {
  const {tensors, config} = checkpoint;
  const axis = (name: string, rank: number, index: number) => shapeOf(checkpoint, name, rank)[index];
  const ofFirst = (name: string, index: number) => axis(`blocks.0.att.${name}`, 2, index);
  if (version === 4) return {};
  if (version === 7) {
    // The first block needs no share of values and may have none.
    const shares = ['blocks.1.att.v1', 'blocks.0.att.v1'].find((name) => tensors.has(name));
    return {
      numHeads: ofFirst('r_k', 0),
      decayRank: ofFirst('w1', 1),
      learningRateRank: ofFirst('a1', 1),
      gateRank: ofFirst('g1', 1),
      ...(shares && {valueRank: axis(shares, 2, 1)}),
    };
  }
  const shared = {
    numHeads: ofFirst('time_faaaa', 0),
    headSizeDivisor: config?.head_size_divisor as number | undefined,
  };
  if (version === 5) return shared;
  return {
    ...shared,
    mixRank: ofFirst('time_maa_w1', 1) / 5,
    decayRank: ofFirst('time_decay_w1', 1),
    initialState: tensors.has('blocks.0.att.time_state'),
  };
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
  // Training code makes them for the first block too, which does not use them.
  ignored: [/^blocks\.0\.att\.v[012]$/],
};
