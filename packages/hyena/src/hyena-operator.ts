import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  continueConvolution,
  type FilteredState,
  type ForwardOptions,
  ImplicitFilter,
  type ImplicitFilterConfig,
  type Initializer,
  type LayerOptions,
  longConvolution,
  normal,
  ShapeError,
  type StateTree,
} from '@variants/core';
import type {FilterLayout} from './config';
import {
  type Convolve,
  HyenaMixer,
  type HyenaMixerConfig,
  type HyenaMixerInitializers,
  type StreamedConvolutions,
} from './hyena-mixer';
import {blockConvolution} from './hyena-ops';

/** Options of {@link HyenaOperator}; those of its filters have the defaults of `ImplicitFilter`. */
export interface HyenaOperatorConfig
  extends HyenaMixerConfig,
    Omit<ImplicitFilterConfig, 'channels' | 'hiddenSize' | 'frequencyScale' | 'bidirectional'> {
  /** Width of the network that makes the filters. Default 64. */
  filterSize?: number;
  /** How the filters' channels lie; another layout is another model. Default 'channel-first'. */
  filterLayout?: FilterLayout;
  /** Adds each long convolution's input to its output, times a learned number per channel. Default true. */
  useSkip?: boolean;
  /** Blocks that a sequence is cut into, each convolved for itself, as the authors do it: not causal. Default 1. */
  numBlocks?: number;
}

/** The filters of long convolutions, [time, width] each, and what is added of each one's input, [width] each. */
interface LongFilters {
  filters: tf.Tensor[];
  skips?: tf.Tensor[];
}

/** How a {@link HyenaOperator}'s first weights are drawn; each as in a Linear where missing. */
export interface HyenaOperatorInitializers extends HyenaMixerInitializers {
  /** Those of the network that makes the filters. */
  filter?: Initializer;
}

/**
 * The operator as published (Poli et al. 2023): a {@link HyenaMixer} whose filters a network makes of positions. The child
 * `filter` is an `ImplicitFilter` with (order - 1) head size channels; weight `skip`, as many numbers.
 */
export class HyenaOperator extends HyenaMixer<HyenaOperatorConfig> {
  static readonly className = 'HyenaOperator';
  private filter!: ImplicitFilter;
  private skip!: tf.LayerVariable;

  constructor(
    config: HyenaOperatorConfig & LayerOptions,
    private readonly initializers: HyenaOperatorInitializers = {},
  ) {
    super(config, initializers);
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  protected buildFilters(channels: number): void {
    const {maxSequenceLength, positionSize, filterSize: hiddenSize, numInnerLayers, frequency} = this.config;
    const {modulated, shift, normalized, trainPositions, trainDecays} = this.config;
    const network = {channels, maxSequenceLength, positionSize, hiddenSize, numInnerLayers, frequency};
    const config = {...network, modulated, shift, normalized, trainPositions, trainDecays};
    this.filter = this.child('filter', new ImplicitFilter(config, {kernel: this.initializers.filter}), [null]);
    this.skip = this.weight('skip', [channels], normal(1));
  }

  /** The filters of so many taps, for so many heads, by default all. */
  longFilters(time: number, heads = this.config.numHeads ?? 1): LongFilters {
    return {filters: this.perConvolution(this.filter.filter(time), heads), skips: this.skips(heads)};
  }

  private skips(heads = this.config.numHeads ?? 1): tf.Tensor[] | undefined {
    return (this.config.useSkip ?? true) ? this.perConvolution(this.skip.read(), heads) : undefined;
  }

  private perConvolution(all: tf.Tensor, heads: number): tf.Tensor[] {
    const {order = 2, filterLayout = 'channel-first'} = this.config;
    return splitFilters(all, order - 1, heads, filterLayout);
  }

  protected whole(time: number): Convolve {
    const {numBlocks = 1} = this.config;
    if (time % numBlocks !== 0)
      throw new ShapeError(`${this.path}: ${time} positions must be a multiple of numBlocks ${numBlocks}`);
    const {filters, skips} = this.longFilters(time);
    return (v, o, gate) => {
      const options = {skip: skips?.[o], gate};
      return numBlocks === 1
        ? longConvolution(v, filters[o], options)
        : blockConvolution(v, filters[o], numBlocks, options);
    };
  }

  protected streamed(time: number, state: StateTree, options: ForwardOptions): StreamedConvolutions {
    const {numBlocks = 1} = this.config;
    if (numBlocks > 1)
      throw new ConfigError(
        `${this.path}: numBlocks is ${numBlocks}, but must be 1 for a stream: blocks are not causal`,
      );
    const before = state as FilteredState[] | null;
    const after: FilteredState[] = [];
    // Who does not say how much room there is to be gets as much as may be needed.
    const held = before?.[0].taps.shape[0] ?? 0;
    const room = options.capacity ?? held + time;
    const skips = this.skips();
    return {
      convolve: (v, o, gate) => {
        const taps = (length: number) => this.longFilters(length).filters[o];
        const step = continueConvolution(v, before?.[o] ?? null, room, taps, {skip: skips?.[o], gate});
        after[o] = step.state;
        return step.output;
      },
      after: () => after,
    };
  }
}
tf.serialization.registerClass(HyenaOperator);

/**
 * Filters, or what else there is of each channel of each, one after the other and for all heads, which share them.
 * @param taps [..., filters · head size] in `layout`
 * @returns [..., heads · head size] each
 */
function splitFilters(taps: tf.Tensor, count: number, numHeads: number, layout: FilterLayout): tf.Tensor[] {
  const leading = taps.shape.slice(0, -1);
  const headSize = (taps.shape[taps.rank - 1] as number) / count;
  const isOrderFirst = layout === 'order-first';
  const byFilter = taps.reshape([...leading, ...(isOrderFirst ? [count, headSize] : [headSize, count])]);
  const axis = leading.length + (isOrderFirst ? 0 : 1);
  // tfjs has no gradient of a split into one.
  const filters = count === 1 ? [taps] : byFilter.split(count, axis).map((filter) => filter.squeeze([axis]));
  if (numHeads === 1) return filters;
  return filters.map((filter) => filter.tile([...leading.map(() => 1), numHeads]));
}
