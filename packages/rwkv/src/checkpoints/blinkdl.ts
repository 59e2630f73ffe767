import {type Checkpoint, CheckpointError, defineLayout} from '@variants/core';
import {type RwkvConfig, type RwkvVersion, resolveRwkvConfig} from '../config';
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

/** What the shapes of the tensors tell, which is nearly all. */
function readSizes(checkpoint: Checkpoint): Partial<RwkvConfig> {
  const version = versionOf(checkpoint);
  const [vocabSize, hiddenSize] = shapeOf(checkpoint, 'emb.weight', 2);
  const [attentionSize] = shapeOf(checkpoint, 'blocks.0.att.key.weight', 2);
  const [intermediateSize] = shapeOf(checkpoint, 'blocks.0.ffn.key.weight', 2);
  return {
    version,
    vocabSize,
    hiddenSize,
    numLayers: countBlocks(checkpoint),
    attentionSize,
    intermediateSize,
    ...(version && timeMixSizes(version, checkpoint)),
  };
}

/** What the shapes tell about the time mix of a version. */
function timeMixSizes(version: RwkvVersion, checkpoint: Checkpoint): Partial<RwkvConfig> {
  const {tensors} = checkpoint;
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
  const numHeads = ofFirst('time_faaaa', 0);
  if (version === 5) return {numHeads};
  return {
    numHeads,
    mixRank: ofFirst('time_maa_w1', 1) / 5,
    decayRank: ofFirst('time_decay_w1', 1),
    initialState: tensors.has('blocks.0.att.time_state'),
  };
}

/** Files of BlinkDL's RWKV-LM: .pth, or the same tensors as safetensors. They need no config.json. */
export const blinkDL = defineLayout<RwkvConfig>({
  name: 'blinkdl',
  recognizes: (checkpoint) => checkpoint.tensors.has('emb.weight') && versionOf(checkpoint) !== undefined,
  // Those of the authors' training code.
  fields: {
    version: {to: (version) => ({model_type: `rwkv${version}`})},
    vocabSize: 'vocab_size',
    numLayers: 'n_layer',
    hiddenSize: 'n_embd',
    attentionSize: 'dim_att',
    intermediateSize: 'dim_ffn',
    numHeads: {to: (heads, {attentionSize}) => (heads > 0 ? {head_size_a: attentionSize / heads} : {})},
    headSizeDivisor: {
      theirs: 'head_size_divisor',
      write: (divisor, {numHeads}) => (numHeads > 0 ? divisor : undefined),
    },
    dropout: 'dropout',
  },
  fromTensors: {
    names: [
      'version',
      'vocabSize',
      'hiddenSize',
      'numLayers',
      'attentionSize',
      'intermediateSize',
      'numHeads',
      'mixRank',
      'decayRank',
      'learningRateRank',
      'valueRank',
      'gateRank',
      'initialState',
    ],
    read: readSizes,
  },
  resolve: resolveRwkvConfig,
  tensors: modelTensors,
  // Training code makes them for the first block too, which does not use them.
  ignored: [/^blocks\.0\.att\.v[012]$/],
});
