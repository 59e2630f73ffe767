import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  ConfigError,
  type ForwardOptions,
  firstShape,
  initializationSeed,
  Random,
  requireArgument,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {ReformerBlock, type ReformerBlockConfig} from './block';
import {reversible, reversibleForward, reversibleSteps, type Streams} from './reversible';

/** Options of {@link ReversibleStack}. */
export interface ReversibleStackConfig {
  /** The blocks, from the first to the last. */
  blocks: readonly ReformerBlockConfig[];
}

/** What is at a place between two blocks. */
export interface TracedStreams {
  x1: tf.Tensor;
  x2: tf.Tensor;
  /** Of the block behind it, [batch, heads, rounds, time] int32; null where nothing is hashed, and behind the last block. */
  buckets: tf.Tensor | null;
}

/**
 * Reversible blocks one behind the other, [batch, time, hidden] to both streams side by side, [batch, time, 2 hidden]; both
 * begin as the input. Their gradient computes all activations again: training needs memory for one block, however many there
 * are. Children `block_0`, `block_1`, ...
 */
export class ReversibleStack extends CausalLayer<ReversibleStackConfig> {
  static readonly className = 'ReformerReversibleStack';
  private blocks: ReformerBlock[] = [];
  /** For training loops that bring no generator, such as `fit`. */
  private ownRandom!: Random;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const [batch, time, hiddenSize] = firstShape(inputShape);
    const shape = [batch, time, 2 * (hiddenSize as number)];
    this.blocks = this.config.blocks.map((config, i) => this.child(`block_${i}`, new ReformerBlock(config), shape));
    this.ownRandom = new Random(initializationSeed(), this.path);
  }

  private get isCausal(): boolean {
    return this.config.blocks.some(({causal}) => causal);
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {layers, constants} = this.prepared(options);
    if (tf.engine().state.gradientDepth > 0) return reversible([x, x], layers, constants);
    return tf.tidy(() => tf.concat([...reversibleSteps([x, x], layers, constants).streams], -1));
  }

  /** The streams before each block and behind the last one. Runs inside a `tf.tidy` of the caller. */
  trace(x: tf.Tensor, options: ForwardOptions): TracedStreams[] {
    const {layers, constants} = this.prepared(options);
    const streams: Streams[] = [[x, x], ...reversibleForward([x, x], layers, constants)];
    return streams.map(([x1, x2], i) => ({x1, x2, buckets: this.blocks[i]?.bucketsOf(x2, options) ?? null}));
  }

  /** Takes rotations for the blocks with LSH attention, by their numbers, see `LshAttention.fixRotations`; null: its own. */
  fixRotations(rotations: {readonly [block: number]: tf.Tensor | null}): void {
    requireArgument(
      this.path,
      'rotations',
      rotations,
      isByBlock(rotations),
      'an object of tensors by the numbers of blocks',
    );
    for (const [number, tensor] of Object.entries(rotations)) {
      const attention = this.blocks[Number(number)]?.attention;
      if (!attention || !('fixRotations' in attention))
        throw new ConfigError(`${this.path}: block ${number} has no LSH attention that could take rotations`);
      attention.fixRotations(tensor);
    }
  }

  private prepared(options: ForwardOptions) {
    const {attentionMask, prefix} = options;
    if (prefix) throw new ConfigError(`${this.path}: takes no prefix, as no position sees a later one`);
    if (attentionMask && this.isCausal)
      throw new ConfigError(
        `${this.path}: causal blocks take no attentionMask, as padding moves chunks; feed each prompt by itself`,
      );
    const random = options.training ? (options.random ?? this.ownRandom) : undefined;
    return {
      layers: this.blocks.map((block) => block.branches({...options, random})),
      constants: attentionMask ? [attentionMask] : [],
    };
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    if (options.prefix) throw new ConfigError(`${this.path}: takes no prefix, as no position sees a later one`);
    const before = (state ?? {}) as {[block: string]: StateTree};
    let output = tf.concat([x, x], -1);
    const after = this.blocks.map((block, i) => {
      const step = block.advance(output, before[`block_${i}`] ?? null, options);
      output = step.output;
      return [`block_${i}`, step.state];
    });
    return {output, state: Object.fromEntries(after)};
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch, time, hiddenSize] = firstShape(inputShape);
    return [batch, time, 2 * (hiddenSize as number)];
  }
}
tf.serialization.registerClass(ReversibleStack);

const isByBlock = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
