import {mappings, type TensorMapping} from '@variants/core';
import type {ConformerConfig} from '../config';

const {linear, norm} = mappings;

/** How a layout names the parts of a block. Where a name has several parts they are what ours are, in this order. */
export interface BlockNames {
  /** Of both feed-forwards: the norm, and the two projections. */
  feedForwards: readonly [FeedForwardNames, FeedForwardNames];
  attentionNorm: string;
  /** The tensors of attention. */
  attention(config: ConformerConfig, theirs: string, ours: string): TensorMapping[];
  convolution: ConvolutionNames;
  finalNorm: string;
}

/** How a layout names the parts of a feed-forward. */
type FeedForwardNames = Readonly<Record<'norm' | 'up' | 'down', string>>;

/** How a layout names the parts of the convolution module. */
export type ConvolutionNames = Readonly<Record<'normIn' | 'gate' | 'depthwise' | 'norm' | 'output', string>>;

/** A convolution of one frame: their [out, in, 1]. */
function pointwise(
  theirs: string,
  ours: string,
  shape: [out: number, inputs: number],
  useBias: boolean,
): TensorMapping[] {
  const [matrix, ...bias] = linear(theirs, ours, {useBias});
  return [{...matrix, shape: [...shape, 1]}, ...bias];
}

/** The convolution module. */
export function convolutionTensors(
  config: Pick<ConformerConfig, 'hiddenSize' | 'kernelSize' | 'convolutionNorm' | 'pointwiseBias' | 'depthwiseBias'>,
  names: ConvolutionNames,
  theirs: string,
  ours: string,
): TensorMapping[] {
  const {hiddenSize: D, kernelSize, convolutionNorm, pointwiseBias, depthwiseBias} = config;
  const at = (name: string) => (theirs === '' ? name : `${theirs}.${name}`);
  const statistics = ['running_mean', 'running_var'].map((name) => ({
    theirs: `${at(names.norm)}.${name}`,
    ours: `${ours}/norm/${name}`,
  }));
  return [
    ...norm(at(names.normIn), `${ours}/norm_in`),
    ...pointwise(at(names.gate), `${ours}/gate`, [2 * D, D], pointwiseBias),
    {
      theirs: `${at(names.depthwise)}.weight`,
      ours: `${ours}/filter`,
      transpose: true,
      shape: [D, 1, kernelSize],
    },
    ...(depthwiseBias ? [{theirs: `${at(names.depthwise)}.bias`, ours: `${ours}/bias`}] : []),
    ...norm(at(names.norm), `${ours}/norm`),
    ...(convolutionNorm === 'batch'
      ? [
          ...statistics,
          {
            theirs: `${at(names.norm)}.num_batches_tracked`,
            ours: `${ours}/norm/batches`,
            shape: [1],
            wholeNumbers: true,
          },
        ]
      : []),
    ...pointwise(at(names.output), `${ours}/output`, [D, D], pointwiseBias),
  ];
}

/** A whole block. */
export function blockTensors(
  config: ConformerConfig,
  names: BlockNames,
  theirs: string,
  ours: string,
): TensorMapping[] {
  const at = (name: string) => (theirs === '' ? name : `${theirs}.${name}`);
  return [
    ...names.feedForwards.flatMap(({norm: before, up, down}, i) => [
      ...norm(at(before), `${ours}/feed_forward_${i + 1}_norm`),
      ...linear(at(up), `${ours}/feed_forward_${i + 1}/up`),
      ...linear(at(down), `${ours}/feed_forward_${i + 1}/down`),
    ]),
    ...norm(at(names.attentionNorm), `${ours}/attention_norm`),
    ...names.attention(config, theirs, `${ours}/attention`),
    ...convolutionTensors(config, names.convolution, theirs, `${ours}/convolution`),
    ...norm(at(names.finalNorm), `${ours}/final_norm`),
  ];
}

/** How a layout names the parts of attention with learned positions. */
export interface AttentionNames {
  queries: string;
  keys: string;
  values: string;
  output: string;
  /** Without a bias. */
  positions: string;
  /** u */
  contentBias: string;
  /** v */
  positionBias: string;
}

/** Attention whose projections stand alone, below `path`. */
export function attentionTensors(names: AttentionNames, path: string): BlockNames['attention'] {
  return (config, theirs, ours) => {
    const at = (name: string) => [theirs, path, name].filter((part) => part !== '').join('.');
    const alone = ['queries', 'keys', 'values', 'output'] as const;
    return [
      ...alone.flatMap((name) => linear(at(names[name]), `${ours}/${name}`)),
      ...positionTensors(config, names, at, ours),
    ];
  };
}

/** What attention with learned positions has besides. */
export function positionTensors(
  {positions}: Pick<ConformerConfig, 'positions'>,
  names: Pick<AttentionNames, 'positions' | 'contentBias' | 'positionBias'>,
  at: (name: string) => string,
  ours: string,
): TensorMapping[] {
  if (positions !== 'relative' && positions !== 'key') return [];
  return [
    ...linear(at(names.positions), `${ours}/positions`, {useBias: false}),
    {theirs: at(names.contentBias), ours: `${ours}/content_bias`},
    {theirs: at(names.positionBias), ours: `${ours}/position_bias`},
  ];
}

/** ESPnet's names of what belongs to positions. */
export const espnetPositions = {positions: 'linear_pos', contentBias: 'pos_bias_u', positionBias: 'pos_bias_v'};

/** ESPnet's names, which fairseq, WeNet and Hugging Face's class have too. */
export const espnetAttention = attentionTensors(
  {...{queries: 'linear_q', keys: 'linear_k', values: 'linear_v', output: 'linear_out'}, ...espnetPositions},
  'self_attn',
);

/** How a layout names what is before and behind the blocks. */
export interface FrontNames {
  /** The two convolutions over frames and features. */
  convolutions: readonly [string, string];
  projection: string;
  finalNorm: string;
  head: string;
  /** Statistics of features. Default: in WeNet's names. */
  statistics?: readonly TensorMapping[];
}

/** What is before and behind the blocks of a model that takes features; what takes samples has Hugging Face's names. */
export function frontTensors(config: ConformerConfig, names: FrontNames): TensorMapping[] {
  const {frontEnd, inputSize, hiddenSize, normalizesInput, finalNorm, vocabSize, headBias} = config;
  return [
    ...(normalizesInput ? (names.statistics ?? cmvnTensors()) : []),
    ...(typeof frontEnd === 'object' ? waveformTensors(config, '') : []),
    ...(frontEnd === 'subsampling'
      ? names.convolutions.flatMap((theirs, i) => imageTensors(hiddenSize, theirs, i))
      : []),
    ...(typeof frontEnd === 'object' || (frontEnd === 'none' && inputSize === hiddenSize)
      ? []
      : linear(names.projection, 'projection')),
    ...(finalNorm ? norm(names.finalNorm, 'final_norm') : []),
    ...(vocabSize === null ? [] : linear(names.head, 'head', {useBias: headBias})),
  ];
}

/** Global statistics of features, in WeNet's names. */
const cmvnTensors = (): TensorMapping[] => [
  {theirs: 'encoder.global_cmvn.mean', ours: 'normalization/mean'},
  {theirs: 'encoder.global_cmvn.istd', ours: 'normalization/scale'},
];

/** A convolution over frames and features, theirs [out, in, 3, 3]. */
const imageTensors = (channels: number, theirs: string, i: number): TensorMapping[] => [
  {
    theirs: `${theirs}.weight`,
    ours: `subsampling/filter_${i + 1}`,
    transpose: true,
    shape: [channels, i === 0 ? 1 : channels, 3, 3],
  },
  {theirs: `${theirs}.bias`, ours: `subsampling/bias_${i + 1}`},
];

/** Convolutions over samples, and the projection behind them, in the names of Hugging Face's class. */
export function waveformTensors({frontEnd}: ConformerConfig, prefix: string): TensorMapping[] {
  if (typeof frontEnd !== 'object') return [];
  const {channels, kernelSizes, useBias, norm: kind} = frontEnd;
  const layer = (i: number): TensorMapping[] => {
    const theirs = `${prefix}feature_extractor.conv_layers.${i}`;
    const bias = {theirs: `${theirs}.conv.bias`, ours: `waveform/bias_${i}`};
    const affine = [
      {theirs: `${theirs}.layer_norm.weight`, ours: `waveform/scale_${i}`},
      {theirs: `${theirs}.layer_norm.bias`, ours: `waveform/shift_${i}`},
    ];
    return [
      {
        theirs: `${theirs}.conv.weight`,
        ours: `waveform/filter_${i}`,
        transpose: true,
        shape: [channels[i], channels[i - 1] ?? 1, kernelSizes[i]],
      },
      ...(useBias ? [bias] : []),
      ...(kind === 'layer' || i === 0 ? affine : []),
    ];
  };
  return [
    ...channels.flatMap((_, i) => layer(i)),
    ...norm(`${prefix}feature_projection.layer_norm`, 'projection_norm'),
    ...linear(`${prefix}feature_projection.projection`, 'projection'),
  ];
}
