import * as tf from '@tensorflow/tfjs';
import {
  LayerNorm,
  type LayerOptions,
  Linear,
  linearUniform,
  normal,
  ShapeError,
  TokenEmbedding,
  uniform,
  VariantLayer,
} from '@variants/core';

/** Options of {@link PatchEmbedder}. */
export interface PatchEmbedderConfig {
  /** Number of different tokens. */
  vocabSize: number;
  /** P: tokens of a patch. */
  patchSize: number;
  /** Features of a token before they are put together. */
  tokenSize: number;
  /** Width of a patch. */
  hiddenSize: number;
}

/**
 * A vector of each patch of tokens, [batch, patches, P] int32 to [batch, patches, hidden]:
 *
 *     y = LN(W LN([e_0, .., e_{P-1}]) + b),      e_i = table[token i]
 *
 * Children `embedding` [vocabulary, token size], `token_norm`, `projection` [P · token size, hidden], `patch_norm`.
 */
export class PatchEmbedder extends VariantLayer<PatchEmbedderConfig> {
  static readonly className = 'MegabytePatchEmbedder';
  private embedding!: TokenEmbedding;
  private tokenNorm!: LayerNorm;
  private projection!: Linear;
  private patchNorm!: LayerNorm;

  constructor(config: PatchEmbedderConfig & LayerOptions) {
    super(config);
  }

  override build(): void {
    const {vocabSize, patchSize, tokenSize, hiddenSize} = this.config;
    const together = [null, patchSize * tokenSize];
    const embedding = new TokenEmbedding({vocabSize, hiddenSize: tokenSize}, normal(1));
    this.embedding = this.child('embedding', embedding, [null, patchSize]);
    this.tokenNorm = this.child('token_norm', new LayerNorm(), together);
    const initializers = {kernel: linearUniform, bias: uniform((patchSize * tokenSize) ** -0.5)};
    this.projection = this.child('projection', new Linear({units: hiddenSize}, initializers), together);
    this.patchNorm = this.child('patch_norm', new LayerNorm(), [null, hiddenSize]);
  }

  forward(tokens: tf.Tensor): tf.Tensor {
    const {patchSize} = this.config;
    const [batch, count, size] = tokens.shape as number[];
    if (tokens.rank !== 3 || size !== patchSize)
      throw new ShapeError(`${this.path}: tokens [${tokens.shape}] must have the shape [batch, patches, ${patchSize}]`);
    const together = this.embedding.forward(tokens).reshape([batch, count, -1]);
    return this.patchNorm.forward(this.projection.forward(this.tokenNorm.forward(together)));
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, 2), this.config.hiddenSize];
  }
}
tf.serialization.registerClass(PatchEmbedder);
