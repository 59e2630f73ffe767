import {type Checkpoint, CheckpointError, type CheckpointLayout, type TensorMapping} from '@variants/core';
import {linear, norm} from '../checkpoints/mappings';
import {type EncoderDecoderConfig, resolveConfig} from './config';

function readConfig({name, config}: Checkpoint): EncoderDecoderConfig {
  if (config?.nhead === undefined)
    throw new CheckpointError(
      `${name}: has no config.json with nhead; the number of heads does not show in the weights`,
    );
  const json = config as Record<string, never>;
  const shareEmbeddings = json.share_embeddings ?? false;
  return resolveConfig({
    shareEmbeddings,
    activation: json.activation,
    sourceVocabSize: json.src_vocab_size,
    targetVocabSize: json.tgt_vocab_size,
    hiddenSize: json.d_model,
    numHeads: json.nhead,
    numEncoderLayers: json.num_encoder_layers,
    numDecoderLayers: json.num_decoder_layers,
    intermediateSize: json.dim_feedforward,
    normEpsilon: json.layer_norm_eps,
    normalization: json.norm_first ? 'pre' : 'post',
    finalNorm: json.final_norm ?? true,
    // The shared matrix leaves no generator, whatever else the field says.
    outputBias: !shareEmbeddings && (json.generator_bias ?? true),
    scaleEmbedding: json.scale_embedding ?? true,
    maxSequenceLength: json.max_len,
    padToken: json.pad_token_id,
    labelSmoothing: json.label_smoothing,
    dropout: json.dropout,
  });
}

function writeConfig(config: EncoderDecoderConfig): Record<string, unknown> {
  return {
    d_model: config.hiddenSize,
    nhead: config.numHeads,
    num_encoder_layers: config.numEncoderLayers,
    num_decoder_layers: config.numDecoderLayers,
    dim_feedforward: config.intermediateSize,
    activation: config.activation,
    layer_norm_eps: config.normEpsilon,
    norm_first: config.normalization === 'pre',
    final_norm: config.finalNorm,
    share_embeddings: config.shareEmbeddings,
    generator_bias: config.outputBias,
    scale_embedding: config.scaleEmbedding,
    src_vocab_size: config.sourceVocabSize,
    tgt_vocab_size: config.targetVocabSize,
    max_len: config.maxSequenceLength,
    pad_token_id: config.padToken,
    label_smoothing: config.labelSmoothing,
    dropout: config.dropout,
  };
}

/** How an nn.MultiheadAttention holds its weights. */
export interface TorchAttention {
  hiddenSize: number;
  /** Queries, keys and values in one matrix, as where their inputs are equally wide. Default true. */
  stacked?: boolean;
  /** Default true. */
  useBias?: boolean;
}

/**
 * The tensors of an nn.MultiheadAttention; the biases of queries, keys and values are always stacked.
 * @param theirs Before every name of torch's, with a dot at the end unless empty.
 * @param ours Before every name of ours, with a slash at the end.
 */
export function torchAttention(
  theirs: string,
  ours: string,
  {hiddenSize, stacked = true, useBias = true}: TorchAttention,
): TensorMapping[] {
  const parts = ['queries', 'keys', 'values'].map((part, i) => ({
    part,
    rows: {start: i * hiddenSize, total: 3 * hiddenSize},
  }));
  const kernels = parts.map(({part, rows}) => ({
    ours: `${ours}${part}/kernel`,
    transpose: true,
    ...(stacked ? {theirs: `${theirs}in_proj_weight`, rows} : {theirs: `${theirs}${part[0]}_proj_weight`}),
  }));
  const biases = parts.map(({part, rows}) => ({theirs: `${theirs}in_proj_bias`, ours: `${ours}${part}/bias`, rows}));
  return [...kernels, ...(useBias ? biases : []), ...linear(`${theirs}out_proj`, `${ours}output`, useBias)];
}

/** The parts of a layer: torch's name of each, what its norm is called there, and ours. */
const encoderAttentions = [['self_attn', 'norm1', 'mixer']] as const;
const decoderAttentions = [
  ['self_attn', 'norm1', 'self_attention'],
  ['multihead_attn', 'norm2', 'cross_attention'],
] as const;

function tensors(config: EncoderDecoderConfig): TensorMapping[] {
  const {hiddenSize, finalNorm, shareEmbeddings, outputBias} = config;
  const side = (name: 'encoder' | 'decoder', numLayers: number, attentions: readonly (readonly string[])[]) => {
    const layer = (theirs: string, ours: string): TensorMapping[] => [
      ...attentions.flatMap(([part, partNorm, ourPart]) => [
        ...torchAttention(`${theirs}.${part}.`, `${ours}/${ourPart}/`, {hiddenSize}),
        ...norm(`${theirs}.${partNorm}`, `${ours}/${ourPart}_norm`, true),
      ]),
      ...linear(`${theirs}.linear1`, `${ours}/feed_forward/up`, true),
      ...linear(`${theirs}.linear2`, `${ours}/feed_forward/down`, true),
      ...norm(`${theirs}.norm${attentions.length + 1}`, `${ours}/feed_forward_norm`, true),
    ];
    return [
      ...Array.from({length: numLayers}, (_, i) => layer(`transformer.${name}.layers.${i}`, `${name}_${i}`)).flat(),
      ...(finalNorm ? norm(`transformer.${name}.norm`, `${name}_norm`, true) : []),
    ];
  };
  const table = (theirs: string, ours: string) => ({theirs: `${theirs}.embedding.weight`, ours: `${ours}/table`});
  return [
    ...side('encoder', config.numEncoderLayers, encoderAttentions),
    ...side('decoder', config.numDecoderLayers, decoderAttentions),
    ...(shareEmbeddings
      ? [table('src_tok_emb', 'embedding')]
      : [
          table('src_tok_emb', 'source_embedding'),
          table('tgt_tok_emb', 'target_embedding'),
          ...linear('generator', 'head', outputBias),
        ]),
  ];
}

/** torch.nn.Transformer between embeddings and a generator, in the names of PyTorch's translation tutorial. */
export const torchTransformer: CheckpointLayout<EncoderDecoderConfig> = {
  name: 'torch-transformer',
  recognizes: ({tensors: stored}) =>
    stored.has('src_tok_emb.embedding.weight') && stored.has('transformer.encoder.layers.0.self_attn.in_proj_weight'),
  readConfig,
  writeConfig,
  tensors,
  ignored: [/^positional_encoding\.pos_embedding$/],
};
