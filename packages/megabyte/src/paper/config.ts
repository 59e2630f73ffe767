import {type Fields, fields, requireConfig, requireDivides, resolveFields} from '@variants/core';
import type {PatchedModelConfig} from '../patched-model';

/** The configuration of a MegaByte of the paper's equations: a global and a local Transformer. */
export interface MegabytePaperConfig extends PatchedModelConfig {
  /** P: tokens of a patch. Default 8. */
  patchSize: number;
  /** The longest sequence, a multiple of patchSize. Default 8192. */
  maxSequenceLength: number;
  /** D_G: features of a token in the global model, whose width is patchSize · globalSize. Default 64. */
  globalSize: number;
  /** Blocks of the global model. Default 6. */
  numGlobalLayers: number;
  /** Heads of the global model. Default 8. */
  numGlobalHeads: number;
  /** Width of the global model's feed-forwards. Default 4 · patchSize · globalSize. */
  globalIntermediateSize: number;
  /** D_L: width of the local model. Default 256. */
  localSize: number;
  /** Blocks of the local model. Default 4. */
  numLocalLayers: number;
  /** Heads of the local model. Default 4. */
  numLocalHeads: number;
  /** Width of the local model's feed-forwards. Default 4 · localSize. */
  localIntermediateSize: number;
  /** Epsilon of the norms. Default 1e-5. */
  normEpsilon: number;
  /** Dropout behind attention and feed-forward of each block and on the probabilities of attention; the paper's 0.1. Default 0. */
  dropout: number;
}

/** What {@link megabytePaper} takes: everything but vocabSize has a default. */
export type MegabytePaperOptions = Partial<MegabytePaperConfig> & Pick<MegabytePaperConfig, 'vocabSize'>;

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolvePaperConfig(options: MegabytePaperOptions): MegabytePaperConfig {
  const {patchSize = 8, globalSize = 64, localSize = 256} = options ?? {};
  const rules: Fields<MegabytePaperConfig> = {
    vocabSize: fields.count(),
    patchSize: fields.count(8),
    maxSequenceLength: fields.count(8192),
    globalSize: fields.count(64),
    numGlobalLayers: fields.count(6),
    numGlobalHeads: fields.count(8),
    globalIntermediateSize: fields.count(4 * patchSize * globalSize),
    localSize: fields.count(256),
    numLocalLayers: fields.count(4),
    numLocalHeads: fields.count(4),
    localIntermediateSize: fields.count(4 * localSize),
    normEpsilon: fields.epsilon(1e-5),
    padToken: fields.optional(fields.count(undefined, 0)),
    dropout: fields.dropout(),
    seed: fields.seed(),
  };
  const config = resolveFields<MegabytePaperConfig>('megabytePaper', rules, options);
  const width = config.patchSize * config.globalSize;
  requireDivides('megabytePaper', config, 'patchSize', 'maxSequenceLength');
  requireDivides('megabytePaper', config, 'numLocalHeads', 'localSize');
  requireConfig(
    width % config.numGlobalHeads === 0,
    'megabytePaper',
    `numGlobalHeads is ${config.numGlobalHeads}, but must divide the global model's width patchSize · globalSize, ${width}`,
  );
  requireConfig(
    config.padToken === null || config.padToken < config.vocabSize,
    'megabytePaper',
    `padToken is ${config.padToken}, but must be below vocabSize ${config.vocabSize}, or null`,
  );
  return config;
}

/** All weights counted once. */
export function countPaperParameters(config: MegabytePaperConfig): number {
  const {vocabSize, patchSize, maxSequenceLength, globalSize, localSize} = config;
  const stack = (layers: number, D: number, F: number) =>
    layers * (4 * D * D + 4 * D + 2 * D * F + F + D + 4 * D) + 2 * D;
  return (
    (vocabSize + maxSequenceLength + patchSize) * globalSize +
    stack(config.numGlobalLayers, patchSize * globalSize, config.globalIntermediateSize) +
    globalSize * localSize +
    (vocabSize + 1) * localSize +
    stack(config.numLocalLayers, localSize, config.localIntermediateSize)
  );
}
