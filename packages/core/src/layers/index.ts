export {type Activation, activation, activations} from './activations';
export {alibiBias, alibiSlopes} from './alibi';
export {type AttentionHeadsConfig, type HeadSizes, headSizes} from './attention-heads';
export {BertEmbeddings, type BertEmbeddingsConfig} from './bert-embeddings';
export {CausalLayer, type StreamSpan} from './causal-layer';
export {ClassifierHead, type ClassifierHeadConfig} from './classifier-head';
export {DecoderLayer} from './decoder-layer';
export {type DecoderBlockParts, DecoderResidualBlock} from './decoder-residual-block';
export {Dropout, type DropoutConfig} from './dropout';
export {TiedHead, TokenEmbedding, type TokenEmbeddingConfig} from './embedding';
export {FeedForward, type FeedForwardConfig, type FeedForwardInitializers} from './feed-forward';
export {ImplicitFilter, type ImplicitFilterConfig, type ImplicitFilterInitializers} from './implicit-filter';
export {
  type Initializer,
  initializationSeed,
  linearUniform,
  normal,
  ones,
  uniform,
  withInitialization,
  xavierUniform,
  zeros,
} from './initializers';
export {extendCache, type KeyRows, type KeyValueCache, type Seen, type Sight} from './key-value-cache';
export {type ForwardOptions, firstShape, inference, type LayerOptions, lastDimension, VariantLayer} from './layer';
export {Linear, type LinearConfig, type LinearInitializers} from './linear';
export {MaskedHead, type MaskedHeadConfig} from './masked-head';
export {
  type AttendOptions,
  type KeysAndValues,
  MultiHeadAttention,
  type MultiHeadAttentionConfig,
  type MultiHeadAttentionInitializers,
} from './multi-head-attention';
export {
  GroupNorm,
  type GroupNormConfig,
  LayerNorm,
  type LayerNormConfig,
  type NormConfig,
  RMSNorm,
  type RMSNormConfig,
} from './norms';
export {PaddingMask, type PaddingMaskConfig, paddingMask} from './padding-mask';
export {type Pooling, pool} from './pooling';
export {
  LearnedPositions,
  type LearnedPositionsConfig,
  positionAfter,
  SinusoidalPositions,
  sinusoids,
  streamPositions,
  tokenPositions,
} from './positions';
export {type ResidualConfig, type ResidualOptions, residual, residualStep} from './residual';
export {
  type CausalBlockParts,
  CausalResidualBlock,
  ResidualBlock,
  type ResidualBlockParts,
} from './residual-block';
export type {RotaryConfig} from './rotary';
export {
  SelfAttention,
  type SelfAttentionConfig,
  type SelfAttentionInitializers,
} from './self-attention';
export {ShortConvolution, type ShortConvolutionConfig} from './short-convolution';
export {TransformerBlock, type TransformerBlockConfig} from './transformer-block';
