import type * as tf from '@tensorflow/tfjs';
import {CausalLayer, type ForwardOptions, type StateTree, type StreamStep, type VariantLayer} from '@variants/core';

/** What every stack of blocks is told. */
export interface BlockStackConfig {
  /** Number of blocks. */
  numLayers: number;
  /** The longest sequence. Default: no limit. */
  maxSequenceLength?: number | null;
}

/** Blocks and a last norm, [batch, time, hidden] to the same. Children `block_0`, ..., `final_norm`. */
export abstract class BlockStack<Config extends BlockStackConfig> extends CausalLayer<Config> {
  private blocks!: CausalLayer[];
  private finalNorm!: VariantLayer;

  /** Makes a block. */
  protected abstract block(): CausalLayer;

  /** Makes the last norm. */
  protected abstract norm(): VariantLayer;

  override build(inputShape: tf.Shape): void {
    const {numLayers} = this.config;
    this.blocks = Array.from({length: numLayers}, (_, i) => this.child(`block_${i}`, this.block(), inputShape));
    this.finalNorm = this.child('final_norm', this.norm(), inputShape);
  }

  override get contextLength(): number | null {
    return this.config.maxSequenceLength ?? null;
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.finalNorm.forward(
      this.blocks.reduce((h, block) => block.forward(h, options), x),
      options,
    );
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as StateTree[] | null;
    const after: StateTree[] = [];
    const h = this.blocks.reduce((input, block, i) => {
      const step = block.advance(input, before?.[i] ?? null, options);
      after.push(step.state);
      return step.output;
    }, x);
    return {output: this.finalNorm.forward(h, options), state: after};
  }
}
