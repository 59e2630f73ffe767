/**
 * Simplified Transformers (He and Hofmann 2023, arXiv 2311.01906):
 *
 *     x = table[token] + positions[n];   x = block(x), numLayers times;   logits = LN x · tableᵀ
 */
import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  type CheckpointSource,
  Dropout,
  LanguageModel,
  LayerNorm,
  LearnedPositions,
  loadCheckpoint,
  normal,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
} from '@variants/core';
import {SimplifiedBlock} from './block';
import type {BlockFields} from './block-fields';
import {authorsLayout} from './checkpoint';
import {
  blockRules,
  resolveSimplifiedTransformerConfig,
  type SimplifiedTransformerConfig,
  type SimplifiedTransformerOptions,
} from './config';

/** A simplified Transformer language model: embedding, positions, blocks, norm, tied head. */
export class SimplifiedTransformer extends LanguageModel<SimplifiedTransformerConfig> {
  static override readonly className = 'SimplifiedTransformer';
  override layout: CheckpointLayout<SimplifiedTransformerConfig> = authorsLayout;

  constructor(config: SimplifiedTransformerOptions) {
    const complete = resolveSimplifiedTransformerConfig(config);
    super(complete, stages(complete), {name: 'simplified-transformer'});
  }
}
tf.serialization.registerClass(SimplifiedTransformer);

/** What a configuration says about its blocks. */
function blockFields(config: SimplifiedTransformerConfig): BlockFields {
  const names = Object.keys(blockRules(config, config)) as (keyof BlockFields)[];
  return Object.fromEntries(names.map((name) => [name, config[name]])) as unknown as BlockFields;
}

function stages(config: SimplifiedTransformerConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, maxSequenceLength, normEpsilon: epsilon, dropout} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  const block = (_: unknown, layer: number) =>
    new SimplifiedBlock({...blockFields(config), name: `block_${layer}`, layer, numLayers});
  return [
    embedding,
    new LearnedPositions({name: 'positions', maxSequenceLength}),
    ...(dropout > 0 ? [new Dropout({name: 'embedding_dropout', rate: dropout})] : []),
    ...Array.from({length: numLayers}, block),
    new LayerNorm({name: 'final_norm', epsilon}),
    new TiedHead(embedding, {name: 'head'}),
  ];
}

/**
 * A simplified Transformer language model with fresh weights: SAS-P unless fields say otherwise, see `blocks`.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function simplifiedTransformer(config: SimplifiedTransformerOptions): SimplifiedTransformer {
  return new SimplifiedTransformer(config);
}

/**
 * A simplified Transformer language model from a checkpoint of the authors' code.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<SimplifiedTransformerConfig>} = {},
): Promise<SimplifiedTransformer> {
  return loadCheckpoint(source, [authorsLayout], simplifiedTransformer, options);
}
