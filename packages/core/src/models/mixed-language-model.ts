import * as tf from '@tensorflow/tfjs';
import type {CheckpointLayout} from '../checkpoints/layout';
import {loadCheckpoint} from '../checkpoints/load';
import {ConfigError} from '../errors';
import type {CheckpointSource} from '../files/sources';
import {CausalLayer} from '../layers/causal-layer';
import {TiedHead, TokenEmbedding} from '../layers/embedding';
import {normal, withInitialization} from '../layers/initializers';
import type {VariantLayer} from '../layers/layer';
import {Linear} from '../layers/linear';
import {LayerNorm, RMSNorm} from '../layers/norms';
import {LearnedPositions} from '../layers/positions';
import {type BlockDescription, describeBlocks, makeBlocks} from './block-list';
import {type Fields, fields, resolveFields} from './config';
import {LanguageModel, type LanguageModelConfig} from './language-model';

const norms = ['layerNorm', 'rmsNorm'] as const;

/** The configuration of a {@link MixedLanguageModel}. */
export interface MixedLanguageModelConfig extends LanguageModelConfig {
  /** Width that all blocks take and give. */
  hiddenSize: number;
  /** The blocks in order, of any packages: causal layers from [batch, time, hidden] to the same, as data. */
  blocks: BlockDescription[];
  /** Learned positions for as many tokens, added to the embedding. Default null: none, blocks know their own. */
  maxSequenceLength: number | null;
  /** A norm behind the embedding, of the same kind as the last one. Default false. */
  embeddingNorm: boolean;
  /** The norm before the head. Default 'rmsNorm'. */
  norm: (typeof norms)[number];
  /** Its epsilon. Default 1e-6. */
  normEpsilon: number;
  /** Uses the embedding's table for the logits. Default false. */
  tieEmbedding: boolean;
}

/** What {@link languageModel} takes: vocabSize, hiddenSize and blocks; all else has a default. */
export type MixedLanguageModelOptions = Partial<Omit<MixedLanguageModelConfig, 'blocks'>> &
  Pick<MixedLanguageModelConfig, 'vocabSize' | 'hiddenSize'> & {
    /** Layers as the packages' `layers` make them; the model makes fresh ones of the same options. */
    blocks: readonly (CausalLayer | BlockDescription)[];
  };

const name = 'languageModel';

const rules: Fields<MixedLanguageModelConfig> = {
  vocabSize: fields.count(),
  hiddenSize: fields.count(),
  blocks: {
    allowed: "a list of at least one block, such as the packages' layers make",
    accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(isBlock),
  },
  maxSequenceLength: fields.optional(fields.count()),
  embeddingNorm: fields.flag(false),
  norm: fields.choice(norms, 'rmsNorm'),
  normEpsilon: fields.positive(1e-6),
  tieEmbedding: fields.flag(false),
  seed: fields.seed(),
};

const isBlock = (value: unknown): boolean =>
  value instanceof CausalLayer || typeof (value as BlockDescription | null)?.className === 'string';

/**
 * A language model of any blocks in any order: embedding, blocks, norm, head. It trains, streams with one state, saves and
 * loads as every other; a chain of one architecture's blocks computes what that architecture's own model computes.
 */
export class MixedLanguageModel extends LanguageModel<MixedLanguageModelConfig> {
  static override readonly className = 'MixedLanguageModel';
  override layout: CheckpointLayout<MixedLanguageModelConfig> = mixedLayout;

  constructor(options: MixedLanguageModelOptions) {
    const resolved = resolveFields<MixedLanguageModelConfig>(name, rules, options);
    const config = {...resolved, blocks: describeBlocks(resolved.blocks)};
    super(config, stages(config), {name: 'language-model'});
  }
}
tf.serialization.registerClass(MixedLanguageModel);

function stages(config: MixedLanguageModelConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, maxSequenceLength, normEpsilon: epsilon} = config;
  const Norm = config.norm === 'rmsNorm' ? RMSNorm : LayerNorm;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  const blocks = makeBlocks(name, config.blocks);
  return [
    embedding,
    ...(maxSequenceLength ? [new LearnedPositions({name: 'positions', maxSequenceLength})] : []),
    ...(config.embeddingNorm ? [new Norm({name: 'embedding_norm', epsilon})] : []),
    ...blocks,
    new Norm({name: 'final_norm', epsilon}),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/** Files of a {@link MixedLanguageModel}: no authors have one, so the names are those of the weights here. */
const mixedLayout: CheckpointLayout<MixedLanguageModelConfig> = {
  name: 'variants-language-model',
  recognizes: ({config}) => config?.architecture === MixedLanguageModel.className,
  readConfig({config, name: file}) {
    const {architecture: _, ...rest} = (config ?? {}) as {[field: string]: unknown};
    if (!Array.isArray(rest.blocks)) throw new ConfigError(`${file}: the configuration has no list of blocks`);
    return rest as unknown as MixedLanguageModelConfig;
  },
  writeConfig: (config) => ({architecture: MixedLanguageModel.className, ...config}),
  tensors(config) {
    const model = withInitialization({allocateOnly: true}, () => new MixedLanguageModel(config));
    try {
      return model.weights.map(({originalName: ours}) => ({theirs: ours.replaceAll('/', '.'), ours}));
    } finally {
      model.dispose();
    }
  },
};

/**
 * A language model of any blocks in any order, with fresh weights:
 *
 *     languageModel({vocabSize: 256, hiddenSize: 64, blocks: [retnet.layers.retNetBlock({...}), ...]})
 *
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function languageModel(options: MixedLanguageModelOptions): MixedLanguageModel {
  return new MixedLanguageModel(options);
}

/**
 * A language model of mixed blocks from what `saveCheckpoint` wrote; the packages of its blocks must be imported.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function languageModelFromPretrained(source: CheckpointSource): Promise<MixedLanguageModel> {
  return loadCheckpoint(source, [mixedLayout], languageModel);
}
