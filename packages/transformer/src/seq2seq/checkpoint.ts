import {type AuthorsConfig, defineLayout, mappings, type TensorMapping} from '@variants/core';
import {type EncoderDecoderConfig, resolveEncoderDecoderConfig} from './config';

const {blocks, embedding, linear, linears, norm} = mappings;

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
  return [...kernels, ...(useBias ? biases : []), ...linear(`${theirs}out_proj`, `${ours}output`, {useBias})];
}

/** The parts of a layer: torch's name of each, what its norm is called there, and ours. */
const encoderAttentions = [['self_attn', 'norm1', 'mixer']] as const;
const decoderAttentions = [
  ['self_attn', 'norm1', 'self_attention'],
  ['multihead_attn', 'norm2', 'cross_attention'],
] as const;

function tensors(config: EncoderDecoderConfig): TensorMapping[] {
  const {hiddenSize, finalNorm, shareEmbeddings, outputBias} = config;
  const side = (name: 'encoder' | 'decoder', numLayers: number, attentions: readonly (readonly string[])[]) => [
    ...blocks(
      numLayers,
      `transformer.${name}.layers`,
      (theirs, ours) => [
        ...attentions.flatMap(([part, partNorm, ourPart]) => [
          ...torchAttention(`${theirs}.${part}.`, `${ours}/${ourPart}/`, {hiddenSize}),
          ...norm(`${theirs}.${partNorm}`, `${ours}/${ourPart}_norm`),
        ]),
        ...linears(theirs, `${ours}/feed_forward`, {up: 'linear1', down: 'linear2'}),
        ...norm(`${theirs}.norm${attentions.length + 1}`, `${ours}/feed_forward_norm`),
      ],
      name,
    ),
    ...(finalNorm ? norm(`transformer.${name}.norm`, `${name}_norm`) : []),
  ];
  return [
    ...side('encoder', config.numEncoderLayers, encoderAttentions),
    ...side('decoder', config.numDecoderLayers, decoderAttentions),
    ...(shareEmbeddings
      ? embedding('src_tok_emb.embedding')
      : [
          ...embedding('src_tok_emb.embedding', 'source_embedding'),
          ...embedding('tgt_tok_emb.embedding', 'target_embedding'),
          ...linear('generator', 'head', {useBias: outputBias}),
        ]),
  ];
}

/** The shared matrix leaves no generator, whatever else the field says. */
const readOutputBias = ({share_embeddings, generator_bias}: AuthorsConfig) =>
  !share_embeddings && (generator_bias ?? true);

/** torch.nn.Transformer between embeddings and a generator, in the names of PyTorch's translation tutorial. */
export const torchTransformer = defineLayout<EncoderDecoderConfig>({
  name: 'torch-transformer',
  recognizes: ({tensors: stored}) =>
    stored.has('src_tok_emb.embedding.weight') && stored.has('transformer.encoder.layers.0.self_attn.in_proj_weight'),
  fields: {
    hiddenSize: 'd_model',
    // Does not show in the weights, and a wrong number would not either.
    numHeads: {theirs: 'nhead', required: true},
    numEncoderLayers: 'num_encoder_layers',
    numDecoderLayers: 'num_decoder_layers',
    intermediateSize: 'dim_feedforward',
    activation: 'activation',
    normEpsilon: 'layer_norm_eps',
    normalization: {
      theirs: 'norm_first',
      usual: false,
      read: (isFirst) => (isFirst ? 'pre' : 'post'),
      write: (normalization) => normalization === 'pre',
    },
    finalNorm: {theirs: 'final_norm', usual: true},
    shareEmbeddings: {theirs: 'share_embeddings', usual: false},
    outputBias: {from: readOutputBias, to: (hasBias) => ({generator_bias: hasBias})},
    scaleEmbedding: {theirs: 'scale_embedding', usual: true},
    sourceVocabSize: 'src_vocab_size',
    targetVocabSize: 'tgt_vocab_size',
    maxSequenceLength: 'max_len',
    padToken: 'pad_token_id',
    labelSmoothing: 'label_smoothing',
    dropout: 'dropout',
  },
  resolve: resolveEncoderDecoderConfig,
  tensors,
  ignored: [/^positional_encoding\.pos_embedding$/],
});
