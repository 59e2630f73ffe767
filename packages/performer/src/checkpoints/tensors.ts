/** Names of weights in the files of performer-pytorch. */
import {type LayerOptions, mappings, Random, type TensorMapping} from '@variants/core';
import {localHeadsOf, type PerformerStackFields} from '../config';
import {drawProjection} from '../ops/projection';
import {unlimitedPositions} from './fields';

const {linears, linear, norm} = mappings;

/** A stack in a file. */
export interface StackNames {
  /** Before all of their names: '', 'enc.' or 'dec.net.'. */
  theirs: string;
  /** Before the names of our layers: '', 'encoder_' or 'decoder_'. */
  ours: NonNullable<LayerOptions['name']>;
  /** Whether its blocks attend to a source besides. */
  crossed: boolean;
}

/** A part of a block: where its layer stands below the net, and below ours. */
interface Part {
  theirs: string;
  /** What their layer is wrapped in. */
  inner: string;
  ours: string;
  kind: 'attention' | 'feedForward';
  /** Whether features of it are drawn. */
  hasDirections: boolean;
  hasLocal: boolean;
}

/** All parts of a stack, in their order. */
function partsOf(config: PerformerStackFields, {ours, crossed}: StackNames): Part[] {
  const {reversible, shiftTokens, numHeads, features} = config;
  const wrap = (shifted: boolean) => `${reversible ? 'net.' : ''}fn.${shifted ? 'fn.' : ''}`;
  return localHeadsOf(config).flatMap((locals, i) => {
    const pair = (index: number, prefix: string, localHeads: number, shifted: boolean): Part[] => {
      const at = reversible ? `blocks.${index}` : `layers.${index}`;
      const own = {hasDirections: features !== 'none' && localHeads < numHeads, hasLocal: localHeads > 0};
      const block = `${ours}block_${i}/${prefix}`;
      const inner = wrap(shifted);
      return [
        {theirs: `${at}.${reversible ? 'f' : '0'}.`, inner, ours: `${block}mixer`, kind: 'attention', ...own},
        // Theirs is wrapped once more, in what cuts the sequence.
        {
          ...{theirs: `${at}.${reversible ? 'g' : '1'}.`, inner: `${inner}fn.`, ours: `${block}feed_forward`},
          ...{kind: 'feedForward', ...own},
        },
      ];
    };
    if (!crossed) return pair(i, '', locals, shiftTokens);
    return [...pair(2 * i, '', locals, shiftTokens), ...pair(2 * i + 1, 'cross_', 0, false)];
  });
}

function tensorsOfPart(net: string, part: Part, config: PerformerStackFields): TensorMapping[] {
  const layer = `${net}${part.theirs}`;
  const wrapper = config.reversible ? `${layer}net.` : layer;
  const inner = `${layer}${part.inner}`.slice(0, -1);
  const {useBias, useOutputBias} = config;
  const own =
    part.kind === 'feedForward'
      ? linears(inner, part.ours, {up: 'w1', down: 'w2'})
      : [
          ...linears(inner, part.ours, {queries: 'to_q', keys: 'to_k', values: 'to_v'}, {useBias}),
          ...linear(`${inner}.to_out`, `${part.ours}/output`, {useBias: useOutputBias}),
          ...(part.hasDirections
            ? [{theirs: `${inner}.fast_attention.projection_matrix`, ours: `${part.ours}/projection/matrix`}]
            : []),
        ];
  const ownNorm =
    config.norm === 'layer'
      ? norm(`${wrapper}norm`, `${part.ours}_norm`)
      : [{theirs: `${wrapper}g`, ours: `${part.ours}_norm/weight`, shape: [1]}];
  return [...ownNorm, ...own];
}

/** The second names that their schedule of new directions gives to the net: the same tensors. */
const again = (tensors: TensorMapping[], net: string, second: string): TensorMapping[] =>
  tensors.map((tensor) => ({...tensor, theirs: tensor.theirs.replace(net, second), alias: true}));

/** The tensors of a stack, its positions and its final norm. `axialNames` are 'weights.' or, before 2025, 'weights_'. */
export function stackTensors(
  config: PerformerStackFields,
  hiddenSize: number,
  names: StackNames,
  axialNames = 'weights.',
): TensorMapping[] {
  const {theirs, ours} = names;
  const {net, second, updater} = netNames(theirs);
  const parts = partsOf(config, names).flatMap((part) => tensorsOfPart(net, part, config));
  return [
    ...positionTensors(config, hiddenSize, names, axialNames),
    ...parts,
    ...again(parts, net, second),
    {theirs: `${updater}calls_since_last_redraw`, ours: `${ours}directions/calls`, shape: [1], wholeNumbers: true},
    ...norm(`${theirs}norm`, `${ours}final_norm`),
  ];
}

function netNames(theirs: string) {
  const updater = `${theirs}performer.proj_updater.`;
  return {net: `${theirs}performer.net.`, second: `${updater}instance.`, updater};
}

function positionTensors(
  {positions, axialShape}: PerformerStackFields,
  width: number,
  {theirs, ours}: StackNames,
  axialNames: string,
): TensorMapping[] {
  const name = `${theirs}pos_emb.`;
  if (positions === 'learned') return [{theirs: `${name}emb.weight`, ours: `${ours}positions/table`}];
  if (positions === 'rotary' || !axialShape) return [];
  const [rows, columns] = axialShape;
  return [
    {theirs: `${name}${axialNames}0`, ours: `${ours}positions/rows`, shape: [1, rows, 1, width]},
    {theirs: `${name}${axialNames}1`, ours: `${ours}positions/columns`, shape: [1, 1, columns, width]},
  ];
}

type Buffers = Record<string, {shape: number[]; data: Float32Array}>;

/** Constants of a stack that their files carry: tables of positions, and directions that nothing uses. */
export function stackBuffers(config: PerformerStackFields, hiddenSize: number, names: StackNames): Buffers {
  const {headSize, numFeatures, positions, maxSequenceLength} = config;
  const {net, second} = netNames(names.theirs);
  const length = maxSequenceLength ?? unlimitedPositions;
  const buffers: Buffers = {};
  if (positions === 'rotary') {
    buffers[`${names.theirs}pos_emb.emb`] = sinusoidTable(length, hiddenSize);
    buffers[`${names.theirs}layer_pos_emb.emb`] = sinusoidTable(length, headSize);
  }
  for (const part of partsOf(config, names)) {
    if (part.kind === 'feedForward') continue;
    const put = (name: string, shape: number[], data: Float32Array) => {
      for (const root of [net, second]) buffers[`${root}${part.theirs}${part.inner}${name}`] = {shape, data};
    };
    if (!part.hasDirections) {
      const random = new Random(0, part.theirs);
      put('fast_attention.projection_matrix', [numFeatures, headSize], drawProjection(numFeatures, headSize, random));
    }
    if (part.hasLocal) put('local_attn.rel_pos.inv_freq', [headSize / 2], Float32Array.from(frequencies(headSize)));
  }
  return buffers;
}

const frequencies = (size: number) => Array.from({length: size / 2}, (_, i) => 10000 ** ((-2 * i) / size));

/** Sines, then cosines, of each position's angles: [length, size]. */
function sinusoidTable(length: number, size: number): {shape: number[]; data: Float32Array} {
  const data = new Float32Array(length * size);
  for (const [i, frequency] of frequencies(size).entries())
    for (let t = 0; t < length; t++) {
      data[t * size + i] = Math.sin(t * frequency);
      data[t * size + size / 2 + i] = Math.cos(t * frequency);
    }
  return {shape: [length, size], data};
}
