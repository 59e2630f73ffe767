import {type Fields, fields} from './config';
import type {LanguageModelConfig} from './language-model';

/** The fields of a stack of blocks. A configuration that extends them has their defaults, but for those that it names anew. */
export interface StackFields {
  /** Width D: the features of a position between the blocks. Default 512. */
  hiddenSize: number;
  /** Number of blocks. Default 6. */
  numLayers: number;
  /** Width of the feed-forward. Default 4 hiddenSize. */
  intermediateSize: number;
  /** Epsilon of all norms. Default 1e-5. */
  normEpsilon: number;
  /** Dropout behind the mixer and the feed-forward of each block, in training. Default 0. */
  dropout: number;
  /** Seed of the first weights. Default 0. */
  seed: number;
}

/** The fields that language models made of an embedding, a stack of blocks and a head have alike. */
export interface DecoderFields extends LanguageModelConfig, StackFields {
  /** Uses the embedding's table for the logits. Default false. */
  tieEmbedding: boolean;
}

/**
 * The rules of {@link StackFields}.
 * @param defaults Those that are others than usual, hiddenSize as given where intermediateSize shall follow from it.
 */
export function stackFields(defaults: Partial<StackFields> = {}): Fields<StackFields> {
  const hiddenSize = defaults.hiddenSize ?? 512;
  return {
    hiddenSize: fields.count(hiddenSize),
    numLayers: fields.count(defaults.numLayers ?? 6),
    intermediateSize: fields.count(defaults.intermediateSize ?? 4 * hiddenSize),
    normEpsilon: fields.epsilon(defaults.normEpsilon ?? 1e-5),
    dropout: fields.dropout(),
    seed: fields.seed(),
  };
}

/** The rules of {@link DecoderFields}; vocabSize must be given. `defaults` as of {@link stackFields}. */
export function decoderFields(defaults: Partial<DecoderFields> = {}): Fields<DecoderFields> {
  return {
    vocabSize: fields.count(),
    ...stackFields(defaults),
    tieEmbedding: fields.flag(defaults.tieEmbedding ?? false),
  };
}
