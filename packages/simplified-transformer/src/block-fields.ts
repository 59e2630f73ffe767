import type {Activation} from '@variants/core';

/** How a matrix without gains is drawn: normal with deviation 0.02, orthogonal, or the identity. */
export type MatrixInit = 'normal' | 'orthogonal' | 'identity';

/** The fields that say what a block is made of. Defaults are those of SAS-P, `blocks.sasParallel`. */
export interface BlockFields {
  /** Heads of attention. Default: one per 64 of hiddenSize, at least 1. */
  numHeads: number;
  /** Width of the feed-forward. Default 4 hiddenSize. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'relu'. */
  activation: Activation;
  /** What 'relu' multiplies negative numbers with. Default 0. */
  negativeSlope: number;
  /** The norms of the blocks; with 'none' the first block alone begins with one, a LayerNorm. Default 'rmsNorm'. */
  norm: 'rmsNorm' | 'layerNorm' | 'none';
  /** Epsilon of all norms. Default 1e-5. */
  normEpsilon: number;
  /** 'pre' normalises what goes into attention and feed-forward, 'post' the stream itself before them. Default 'pre'. */
  normalization: 'pre' | 'post';
  /** Attention and feed-forward see the same input, and their outputs are added. Default true. */
  parallel: boolean;
  /** What attention's output is multiplied with, at first. Default 1. */
  attentionGain: number;
  /** Gain of the skip around attention, at first; 0 for none. Parallel blocks have none. Default 0. */
  attentionSkipGain: number;
  /** What the feed-forward's output is multiplied with, at first. Default 0.1 sqrt(18 / numLayers): the authors' 0.1 at their depth. */
  feedForwardGain: number;
  /** Gain of the skip around the feed-forward, around both in a parallel block, at first; 0 for none. Default 0. */
  feedForwardSkipGain: number;
  /** β, of the softmax, at first. Default 1. */
  softmaxGain: number;
  /** Whether attention is shaped: the identity is added and the causal mean taken off. Default true. */
  centred: boolean;
  /** α, of the identity, at first. Default 1. */
  identityGain: number;
  /** γ, of the causal mean, at first; 0 stays 0. Default 1. */
  centreGain: number;
  /** Values are a product with a matrix alone. Default false: a gain times it, and a gain times the input. */
  plainValues: boolean;
  /** The gain of the matrix of the values, at first. With 0 and a skip gain of 1 there is no matrix. Default 0. */
  valueGain: number;
  /** The same in the first block. Default 1. */
  firstValueGain: number;
  /** The gain of the input among the values, at first. Default 1. */
  valueSkipGain: number;
  /** How plain values' matrix is drawn; 'identity' where they are not plain, whose matrix is 0 at first. Default 'identity'. */
  valueInit: MatrixInit;
  /** As plainValues, of the projection of attention's output. Default false. */
  plainOutput: boolean;
  /** As valueGain, of the output projection. Default 0. */
  outputGain: number;
  /** The same in the last block. Default outputGain. */
  lastOutputGain: number;
  /** As valueSkipGain, of the output projection. Default 1. */
  outputSkipGain: number;
  /** As valueInit, of the output projection. Default 'identity'. */
  outputInit: MatrixInit;
  /** Normalises each head's queries and keys. Default false. */
  queryKeyNorm: boolean;
  /** Keeps scores within -30 and 30, by a tanh. Default false. */
  capScores: boolean;
  /** Scores are divided by the root of a head's size. Default true. */
  scaleAttention: boolean;
  /** Scores are divided by the number of the block, counted from 1. Default false. */
  scaleAttentionByLayer: boolean;
  /** Standard deviation of the first weights of the queries. Default 0: attention starts as the identity. */
  queryStd: number;
  /** Standard deviation of the first weights of the keys. Default 0.02. */
  keyStd: number;
  /** Whether gains around attention are trained. Default true. */
  trainableAttentionGains: boolean;
  /** Whether gains around the feed-forward are trained. Default true. */
  trainableFeedForwardGains: boolean;
  /** Whether α, β and γ are trained. Default true. */
  trainableMatrixGains: boolean;
  /** Whether gains of the values are trained. Default true. */
  trainableValueGains: boolean;
  /** Whether gains of the output projection are trained. Default true. */
  trainableOutputGains: boolean;
  /** Dropout on attention's matrix and behind attention and feed-forward, in training. Default 0. */
  dropout: number;
}

/** Where a block stands. */
export interface BlockPlace {
  /** Its number, from 0. */
  layer: number;
  /** How many there are. */
  numLayers: number;
}
