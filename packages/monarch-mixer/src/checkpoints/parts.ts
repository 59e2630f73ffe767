import {type FieldTable, mappings, type TensorMapping} from '@variants/core';
import type {MixerFields} from '../config';

const {linear, norm} = mappings;

/** M2-BERT's fields of a network that makes filters. Causal models, which no code of the authors' has, take them over. */
export const filterFields: FieldTable<MixerFields> = {
  positionSize: 'hyena_emb_dim',
  filterSize: 'hyena_filter_order',
  frequency: 'hyena_w',
  frequencyScale: 'hyena_w_mod',
  trainPositions: {
    theirs: 'hyena_lr_pos_emb',
    usual: 1e-5,
    read: (rate) => rate !== 0,
    write: (isTrained) => (isTrained ? 1e-5 : 0),
  },
};

/** What the tensors of a mixer depend on. */
export interface MixerShape {
  hiddenSize: number;
  maxSequenceLength: number;
  positionSize: number;
  filterSize: number;
  bidirectional: boolean;
  residualConvolution: boolean;
  trainingAdditions: boolean;
}

/** A filter's network: the authors keep its layers under even numbers, and under odd ones its sines' one frequency. */
function network(theirs: string, ours: string): TensorMapping[] {
  return [0, 1, 2, 3].flatMap((i) => linear(`${theirs}.${2 * i}`, `${ours}_${i}`, {useBias: i < 3}));
}

/** The filter of a long convolution and what goes with it. */
function convolution(theirs: string, ours: string, shape: MixerShape): TensorMapping[] {
  const {hiddenSize, maxSequenceLength, positionSize, filterSize, bidirectional} = shape;
  const filter = `${ours}/filter`;
  const networks = bidirectional ? ['implicit_filter', 'implicit_filter_rev'] : ['implicit_filter'];
  const frequencies = networks.flatMap((name) => [1, 3, 5].map((i) => `${theirs}.${name}.${i}.freq`));
  return [
    {theirs: `${theirs}.bias`, ours: `${ours}/skip`},
    {theirs: `${theirs}.pos_emb.z`, ours: `${filter}/positions`, shape: [1, maxSequenceLength, positionSize]},
    {theirs: `${theirs}.modulation.deltas`, ours: `${filter}/decays`, shape: [1, 1, hiddenSize]},
    ...frequencies.map((name, i) => ({
      theirs: name,
      ours: `${filter}/frequency`,
      shape: [1, filterSize],
      ...(i > 0 && {alias: true}),
    })),
    ...network(`${theirs}.implicit_filter`, `${filter}/layer`),
    ...(bidirectional ? network(`${theirs}.implicit_filter_rev`, `${filter}/future`) : []),
  ];
}

/** The tensors of a mixer, by the authors' names; both prefixes end in a separator or are empty. */
export function mixerTensors(shape: MixerShape, theirs: string, ours: string): TensorMapping[] {
  const {hiddenSize, residualConvolution, trainingAdditions} = shape;
  return [
    ...(trainingAdditions ? norm(`${theirs}layernorm`, `${ours}norm`) : []),
    ...linear(`${theirs}in_linear`, `${ours}input`),
    {
      theirs: `${theirs}short_filter.weight`,
      ours: `${ours}short_convolution/filter`,
      transpose: true,
      shape: [3 * hiddenSize, 1, 3],
    },
    {theirs: `${theirs}short_filter.bias`, ours: `${ours}short_convolution/bias`},
    ...convolution(`${theirs}filter_fn`, `${ours}convolution`, shape),
    ...(residualConvolution ? convolution(`${theirs}filter_fn2`, `${ours}residual_convolution`, shape) : []),
    ...linear(`${theirs}out_linear`, `${ours}output`),
  ];
}

/** The times of positions, from 0 to 1, which the authors' files hold for each filter. */
export function mixerBuffers(
  {maxSequenceLength, residualConvolution}: MixerShape,
  theirs: string,
): Record<string, {shape: number[]; data: Float32Array}> {
  const filters = residualConvolution ? ['filter_fn', 'filter_fn2'] : ['filter_fn'];
  const data = Float32Array.from({length: maxSequenceLength}, (_, t) => t / Math.max(1, maxSequenceLength - 1));
  const shape = [1, maxSequenceLength, 1];
  return Object.fromEntries(filters.map((filter) => [`${theirs}${filter}.pos_emb.t`, {shape, data}]));
}

/** The tensors of a feed-forward, without its norm; matrices of one block are a Linear's. */
export function feedForwardTensors(numBlocks: number, theirs: string, ours: string): TensorMapping[] {
  const matrix = (name: string, child: string): TensorMapping => ({
    theirs: `${theirs}${name}.weight`,
    ours: `${ours}${child}/kernel`,
    ...(numBlocks === 1 && {transpose: true}),
  });
  return [matrix('gated_layers', 'up'), matrix('wo', 'down'), {theirs: `${theirs}wo.bias`, ours: `${ours}down/bias`}];
}
