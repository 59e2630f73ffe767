import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, type Example, inference, LanguageModel, type TokenInput} from '@variants/core';
import {causalLayout} from './checkpoint';
import {type ReformerConfig, type ReformerOptions, resolveReformerConfig} from './config';
import type {ReversibleStack, TracedStreams} from './stack';
import {backbone, tokenHead} from './stages';
import {traced} from './trace';
import {wholeExample} from './whole-example';

/** A causal Reformer language model: embeddings, reversible blocks, norm of both streams, head. */
export class Reformer extends LanguageModel<ReformerConfig> {
  static override readonly className = 'Reformer';
  override layout: CheckpointLayout<ReformerConfig> = causalLayout;
  private readonly stack: ReversibleStack;

  constructor(options: ReformerOptions) {
    const config = resolveReformerConfig(options);
    const {layers, stack} = backbone(config, true);
    super(config, [...layers, tokenHead(config)], {name: 'reformer', beyondStates});
    this.stack = stack;
  }

  // Where chunks end depends on the length, so all tokens are read, as by the authors' code; the last one predicts nothing.
  protected override example(tokens: TokenInput, targets?: TokenInput): Example {
    return targets === undefined
      ? wholeExample(super.example(tokens), this.inputsOf(tokens))
      : super.example(tokens, targets);
  }

  /**
   * Takes rotations of the hash for blocks with LSH attention, by the blocks' numbers, each [heads, head size, rounds, Σ
   * factors / 2], such as those of another program; null: the model's own.
   */
  fixRotations(rotations: {readonly [block: number]: tf.Tensor | null}): void {
    this.stack.fixRotations(rotations);
  }

  /** Both streams before each block and behind the last, with the hash buckets of each. The caller disposes them. */
  trace(tokens: TokenInput): TracedStreams[] {
    this.requireWeights();
    return tf.tidy(() => {
      const ids = this.inputsOf(tokens);
      return traced(this.stack, (run) => this.forward(ids, inference, run)) as unknown as tf.TensorContainer;
    }) as unknown as TracedStreams[];
  }
}
tf.serialization.registerClass(Reformer);

/** Fields that no state of a stream depends on. */
const beyondStates = ['feedForwardChunkLength', 'headChunkLength', 'padToken'];

/** A Reformer language model with fresh weights; a ConfigError names the field and what is allowed. */
export function reformer(config: ReformerOptions): Reformer {
  return new Reformer(config);
}
