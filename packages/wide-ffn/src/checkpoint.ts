import {
  type Activation,
  type AuthorsConfig,
  defineLayout,
  type FieldTable,
  mappings,
  namedValues,
  type TensorMapping,
} from '@variants/core';
import {ffnGroups, resolveWideFfnConfig, type WideFfnConfig, type WideFfnOptions} from './config';
import {ownersOf, partialSharings, type Sharing} from './sharing';

const {embedding, linears, norm} = mappings;

const attentionNames = {queries: 'q_proj', keys: 'k_proj', values: 'v_proj', output: 'out_proj'};
const ffnNames = {up: 'fc1', down: 'fc2'};

const activationNames: Readonly<Record<string, Activation>> = {
  relu: 'relu',
  gelu: 'gelu',
  gelu_fast: 'geluTanh',
  gelu_accurate: 'geluTanh',
  relu_squared: 'squaredRelu',
  swish: 'silu',
  tanh: 'tanh',
  linear: 'identity',
  sigmoid: 'sigmoid',
};

const sharingNames: Readonly<Record<string, Sharing>> = {
  individual: 'individual',
  shared: 'shared',
  none: 'none',
  sequence: 'sequence',
  cycle: 'cycle',
  cycle_rev: 'cycleRev',
};

/** A stack as fairseq names it, and how its layers share. */
interface Stack {
  side: 'encoder' | 'decoder';
  numLayers: number;
  /** Its attentions: fairseq's name, our child, whether the layers share it. */
  attentions: readonly (readonly [theirs: string, ours: string, isShared: boolean])[];
  /** The groups of feed-forwards; and what owns the first one, where that is another stack's. */
  groups: number[];
  ffnOwner?: string;
}

/** Tensors that layers share stand under the names of all of them, as torch stores tied ones. */
const aliasUnless = (isOwner: boolean, tensors: TensorMapping[]): TensorMapping[] =>
  isOwner ? tensors : tensors.map((tensor) => ({...tensor, alias: true}));

function stackTensors({side, numLayers, attentions, groups, ffnOwner}: Stack, {shareFfnNorm}: WideFfnConfig) {
  const owners = ownersOf(groups);
  return Array.from({length: numLayers}, (_, i) => {
    const [theirs, ours] = [`${side}.layers.${i}`, `${side}_${i}`];
    const parts = attentions.flatMap(([their, our, isShared]) => {
      const owner = isShared ? `${side}_0` : ours;
      return [
        ...aliasUnless(owner === ours, linears(`${theirs}.${their}`, `${owner}/${our}`, attentionNames)),
        ...norm(`${theirs}.${their}_layer_norm`, `${ours}/${our}_norm`),
      ];
    });
    if (groups.length === 0) return parts;
    const owner = ffnOwner ?? `${side}_${owners[i]}`;
    const isOwner = owner === ours;
    const ffnNorm = shareFfnNorm
      ? aliasUnless(isOwner, norm(`${theirs}.final_layer_norm`, `${owner}/feed_forward_norm`))
      : norm(`${theirs}.final_layer_norm`, `${ours}/feed_forward_norm`);
    return [...parts, ...aliasUnless(isOwner, linears(theirs, `${owner}/feed_forward`, ffnNames)), ...ffnNorm];
  }).flat();
}

function tensors(config: WideFfnConfig): TensorMapping[] {
  const {decoderOnly, shareFfnAcross} = config;
  const groups = ffnGroups(config);
  const isShared = (name: 'encoderSelfAttention' | 'decoderSelfAttention' | 'decoderCrossAttention') =>
    config[name] === 'shared';
  const encoder: Stack = {
    side: 'encoder',
    numLayers: config.numEncoderLayers,
    attentions: [['self_attn', 'mixer', isShared('encoderSelfAttention')]],
    groups: groups.encoder,
  };
  const decoder: Stack = {
    side: 'decoder',
    numLayers: config.numDecoderLayers,
    attentions: decoderOnly
      ? [['self_attn', 'mixer', isShared('decoderSelfAttention')]]
      : [
          ['self_attn', 'self_attention', isShared('decoderSelfAttention')],
          ['encoder_attn', 'cross_attention', isShared('decoderCrossAttention')],
        ],
    groups: groups.decoder,
    ...(shareFfnAcross && {ffnOwner: 'encoder_0'}),
  };
  const finalNorm = (side: string, normalization: string) =>
    normalization === 'pre' ? norm(`${side}.layer_norm`, `${side}_norm`) : [];
  const decoderEmbedding = embedding('decoder.embed_tokens');
  return [
    ...(decoderOnly ? decoderEmbedding : embedding('encoder.embed_tokens')),
    ...stackTensors(encoder, config),
    ...(decoderOnly ? [] : finalNorm('encoder', config.normalization)),
    ...(decoderOnly ? [] : aliasUnless(false, decoderEmbedding)),
    ...stackTensors(decoder, config),
    ...finalNorm('decoder', config.decoderNormalization),
    ...aliasUnless(false, embedding('decoder.output_projection')),
  ];
}

const sharingOf = namedValues('encoder_ffn', sharingNames);
const isBefore = (normalization: 'pre' | 'post') => normalization === 'pre';
const normalizationOf = (isBeforeEach: unknown) => (isBeforeEach ? 'pre' : 'post');
const hasGroups = (sharing: unknown) => partialSharings.includes(sharingNames[String(sharing)]);

/** A field of the encoder's, which a decoder alone has none of. */
const ofEncoder = (theirs: string) => ({
  from: (json: AuthorsConfig) => (json.decoder_only ? undefined : json[theirs]),
  to: (value: unknown, {decoderOnly}: WideFfnConfig) => (decoderOnly ? {} : {[theirs]: value}),
});

const fields: FieldTable<WideFfnConfig> = {
  sourceVocabSize: {theirs: 'vocab_size', required: true},
  hiddenSize: {theirs: 'decoder_embed_dim', also: ['encoder_embed_dim'], required: true},
  numHeads: {
    from: ({decoder_only, encoder_attention_heads, decoder_attention_heads}) =>
      decoder_only ? decoder_attention_heads : encoder_attention_heads,
    to: (heads) => ({encoder_attention_heads: heads}),
  },
  numDecoderHeads: {theirs: 'decoder_attention_heads', required: true},
  numEncoderLayers: {
    from: ({decoder_only, encoder_layers}) => (decoder_only ? 0 : encoder_layers),
    to: (layers) => ({encoder_layers: layers}),
  },
  numDecoderLayers: {theirs: 'decoder_layers', required: true},
  encoderFfn: {
    from: ({decoder_only, encoder_ffn = 'individual'}, file) =>
      decoder_only ? 'none' : sharingOf.read?.(encoder_ffn, file),
    to: (sharing, config) => ({encoder_ffn: sharingOf.write?.(sharing, config)}),
  },
  decoderFfn: namedValues('decoder_ffn', sharingNames, 'individual'),
  intermediateSize: {
    from: ({decoder_only, encoder_ffn, encoder_ffn_embed_dim}) =>
      decoder_only || encoder_ffn === 'none' ? 0 : encoder_ffn_embed_dim,
    to: (width) => ({encoder_ffn_embed_dim: width}),
  },
  decoderIntermediateSize: {
    from: ({decoder_ffn, decoder_ffn_embed_dim}) => (decoder_ffn === 'none' ? 0 : decoder_ffn_embed_dim),
    to: (width) => ({decoder_ffn_embed_dim: width}),
  },
  encoderFfnGroups: {
    from: ({encoder_ffn, encoder_ffn_groups}) => (hasGroups(encoder_ffn) ? encoder_ffn_groups : undefined),
    to: (groups) => ({encoder_ffn_groups: groups}),
  },
  decoderFfnGroups: {
    from: ({decoder_ffn, decoder_ffn_groups}) => (hasGroups(decoder_ffn) ? decoder_ffn_groups : undefined),
    to: (groups) => ({decoder_ffn_groups: groups}),
  },
  shareFfnAcross: 'share_ffn_across',
  shareFfnNorm: 'share_ffn_layer_norm',
  encoderSelfAttention: ofEncoder('encoder_self_attn'),
  decoderSelfAttention: 'decoder_self_attn',
  decoderCrossAttention: ofEncoder('decoder_cross_attn'),
  decoderOnly: 'decoder_only',
  activation: namedValues('activation_fn', activationNames, 'relu'),
  normalization: {
    from: ({decoder_only, encoder_normalize_before, decoder_normalize_before}) =>
      normalizationOf(decoder_only ? decoder_normalize_before : encoder_normalize_before),
    to: (normalization) => ({encoder_normalize_before: isBefore(normalization)}),
  },
  decoderNormalization: {
    theirs: 'decoder_normalize_before',
    usual: false,
    read: normalizationOf,
    write: isBefore,
  },
  maxSequenceLength: {theirs: 'max_source_positions', also: ['max_target_positions']},
  padToken: 'pad',
  endToken: 'eos',
  labelSmoothing: 'label_smoothing',
  maxTargetRatio: 'max_len_a',
  maxTargetExtra: 'max_len_b',
  dropout: 'dropout',
};

/** fairseq's Transformer, with fields of our own for what is shared. */
export const fairseqLayout = defineLayout<WideFfnConfig>({
  name: 'fairseq-wide-ffn',
  recognizes: ({tensors: stored}) =>
    stored.has('decoder.layers.0.self_attn.q_proj.weight') && stored.has('decoder.embed_tokens.weight'),
  fields,
  // What shows in no tensor, and would be another model.
  only: {share_all_embeddings: true, no_scale_embedding: false, no_token_positional_embeddings: false},
  constants: {share_all_embeddings: true, bos: 0, unk: 3},
  resolve: (options) => resolveWideFfnConfig(options as WideFfnOptions),
  tensors,
  ignored: [/^(encoder|decoder)\.version$/, /^(encoder|decoder)\.embed_positions\._float_tensor$/],
});
