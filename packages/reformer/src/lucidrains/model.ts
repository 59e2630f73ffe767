import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  type CheckpointSource,
  type Example,
  LanguageModel,
  LayerNorm,
  Linear,
  loadCheckpoint,
  normal,
  TokenEmbedding,
  type TokenInput,
  type VariantLayer,
} from '@variants/core';
import {wholeExample} from '../whole-example';
import {lucidLayout} from './checkpoint';
import {type LucidReformerConfig, type LucidReformerOptions, resolveLucidReformerConfig} from './config';
import {LucidPositions, LucidStack, UnitHead} from './parts';

/** A causal language model as reformer-pytorch's ReformerLM: for its checkpoints, and for comparing. It has no cache. */
export class LucidReformer extends LanguageModel<LucidReformerConfig> {
  static override readonly className = 'LucidReformer';
  override layout: CheckpointLayout<LucidReformerConfig> = lucidLayout;
  private readonly stack: LucidStack;

  constructor(options: LucidReformerOptions) {
    const config = resolveLucidReformerConfig(options);
    const stack = new LucidStack({...config, name: 'blocks'});
    super(config, stages(config, stack), {name: 'lucid-reformer'});
    this.stack = stack;
  }

  /** Takes rotations of the hash for blocks by their numbers; null: the model's own. */
  fixRotations(rotations: {readonly [block: number]: tf.Tensor | null}): void {
    this.stack.fixRotations(rotations);
  }

  // All tokens are read, as by the library.
  protected override example(tokens: TokenInput, targets?: TokenInput): Example {
    return targets === undefined
      ? wholeExample(super.example(tokens), this.inputsOf(tokens))
      : super.example(tokens, targets);
  }
}
tf.serialization.registerClass(LucidReformer);

function stages(config: LucidReformerConfig, stack: LucidStack): VariantLayer[] {
  const {vocabSize, hiddenSize, embeddingSize, positions, axialShape, maxSequenceLength, tieEmbedding} = config;
  const isWider = embeddingSize !== hiddenSize;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize: embeddingSize}, normal(0.02));
  return [
    embedding,
    ...(positions === 'rotary'
      ? []
      : [
          new LucidPositions({
            name: 'positions',
            positions,
            maxSequenceLength,
            ...(axialShape && {axialShape}),
          } as never),
        ]),
    ...(isWider ? [new Linear({name: 'widen', units: hiddenSize})] : []),
    stack,
    new LayerNorm({name: 'final_norm', epsilon: 1e-5}),
    ...(isWider ? [new Linear({name: 'narrow', units: embeddingSize})] : []),
    tieEmbedding ? new UnitHead(embedding, 'head') : new Linear({name: 'head', units: vocabSize}),
  ];
}

/** A language model as reformer-pytorch's with fresh weights; a ConfigError names the field and what is allowed. */
export function lucidReformer(config: LucidReformerOptions): LucidReformer {
  return new LucidReformer(config);
}

/**
 * A model from a checkpoint in the names of reformer-pytorch, with its configuration as config.json.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function lucidFromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<LucidReformerConfig>} = {},
): Promise<LucidReformer> {
  return loadCheckpoint(source, [lucidLayout], lucidReformer, options);
}
