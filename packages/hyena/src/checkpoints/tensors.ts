import {type Checkpoint, mappings, type TensorMapping} from '@variants/core';
import type {HyenaBackboneConfig} from '../config';
import type {Naming} from './naming';
import type {OperatorSizes} from './sizes';

const {blocks, embedding, linear, linears, norm} = mappings;

/** How often the frequency that all sines share is stored. */
export type FrequencyNames = 'once' | 'of every sine';

/** The tensors of an operator; both prefixes end in a separator or are empty. */
export function operatorTensors(
  sizes: OperatorSizes & Pick<HyenaBackboneConfig, 'hiddenSize'>,
  theirs: string,
  ours: string,
  frequencies: FrequencyNames,
  checkpoint?: Checkpoint,
): TensorMapping[] {
  const {hiddenSize, order, numHeads, shortFilterSize, numInnerLayers, headMixing} = sizes;
  const {maxSequenceLength, positionSize, filterSize} = sizes;
  const filter = `${theirs}filter_fn.`;
  const wide = (order + 1) * hiddenSize;
  const layers = Array.from({length: numInnerLayers + 2}, (_, i) =>
    linear(`${filter}implicit_filter.${2 * i}`, `${ours}filter/layer_${i}`, {useBias: i <= numInnerLayers}),
  );
  const sines = Array.from({length: numInnerLayers + 1}, (_, i) => `${filter}implicit_filter.${2 * i + 1}.freq`);
  return [
    ...(headMixing ? [{theirs: `${theirs}ord_proj_w`, ours: `${ours}head_mixing`}] : []),
    ...linear(`${theirs}in_proj`, `${ours}projections`),
    ...linear(`${theirs}out_proj`, `${ours}output`),
    {
      theirs: `${theirs}short_filter.weight`,
      ours: `${ours}short/filter`,
      transpose: true,
      shape: [wide, 1, shortFilterSize],
    },
    {theirs: `${theirs}short_filter.bias`, ours: `${ours}short/bias`},
    {theirs: `${filter}bias`, ours: `${ours}skip`},
    {theirs: `${filter}pos_emb.z`, ours: `${ours}filter/positions`, shape: [1, maxSequenceLength, positionSize]},
    ...layers.flat(),
    ...sharedFrequency(sines, frequencies, checkpoint).map((mapping) => ({
      ...mapping,
      ours: `${ours}filter/frequency`,
      shape: [1, filterSize],
    })),
    {
      theirs: `${filter}modulation.deltas`,
      ours: `${ours}filter/decays`,
      shape: [1, 1, ((order - 1) * hiddenSize) / numHeads],
    },
  ];
}

/** The one frequency under the names of the sines: of a file, those that it has; else as asked for. */
function sharedFrequency(names: string[], frequencies: FrequencyNames, checkpoint?: Checkpoint) {
  const stored = checkpoint ? names.filter((name) => checkpoint.tensors.has(name)) : [];
  const written = frequencies === 'once' ? names.slice(0, 1) : names;
  const [first, ...others] = stored.length > 0 ? stored : written;
  return [{theirs: first}, ...others.map((theirs) => ({theirs, alias: true}))];
}

/** The tensors of a backbone, in the order of the authors' files. */
export function backboneTensors(
  config: HyenaBackboneConfig,
  {prefix, mixer, mlp}: Naming,
  frequencies: FrequencyNames,
  checkpoint?: Checkpoint,
): TensorMapping[] {
  const backbone = `${prefix}backbone`;
  return [
    ...embedding(`${backbone}.embeddings.word_embeddings`),
    ...(config.maxPositions > 0 ? embedding(`${backbone}.embeddings.position_embeddings`, 'positions') : []),
    ...blocks(config.numLayers, `${backbone}.layers`, (theirs, ours, i) => [
      ...(config.attentionLayers.includes(i)
        ? linears(`${theirs}.${mixer}`, `${ours}/mixer`, {projections: 'Wqkv', output: 'out_proj'})
        : operatorTensors(config, `${theirs}.${mixer}.`, `${ours}/mixer/`, frequencies, checkpoint)),
      ...norm(`${theirs}.norm1`, `${ours}/mixer_norm`),
      ...linears(`${theirs}.${mlp}`, `${ours}/feed_forward`, {up: 'fc1', down: 'fc2'}),
      ...norm(`${theirs}.norm2`, `${ours}/feed_forward_norm`),
    ]),
    ...norm(`${backbone}.ln_f`, 'final_norm'),
  ];
}

/** The times of positions, which the authors' files carry for every operator. */
export function timeBuffers(
  {numLayers, attentionLayers, maxSequenceLength}: HyenaBackboneConfig,
  prefix: string,
): Record<string, {shape: number[]; data: Float32Array}> {
  const operators = Array.from({length: numLayers}, (_, i) => i).filter((i) => !attentionLayers.includes(i));
  const last = Math.max(1, maxSequenceLength - 1);
  const times = {
    shape: [1, maxSequenceLength, 1],
    data: Float32Array.from({length: maxSequenceLength}, (_, j) => j / last),
  };
  return Object.fromEntries(operators.map((i) => [`${prefix}backbone.layers.${i}.mixer.filter_fn.pos_emb.t`, times]));
}
