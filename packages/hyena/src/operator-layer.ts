import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  type ForwardOptions,
  ImplicitFilter,
  type ImplicitFilterConfig,
  type Initializer,
  type LayerOptions,
  normal,
  ShapeError,
  type StateTree,
} from '@variants/core';
import {blockConvolution} from './block-convolution';
import {type FilterLayout, splitFilters} from './channels';
import {HistoryConvolutions} from './history';
import {
  HyenaMixer,
  type HyenaMixerConfig,
  type HyenaMixerInitializers,
  type LongFilters,
  type StreamedConvolutions,
} from './mixer';

/** The options of `ImplicitFilter` that an operator hands on to its own. */
const filterOptions = [
  'maxSequenceLength',
  'positionSize',
  'numInnerLayers',
  'frequency',
  'modulated',
  'shift',
  'normalized',
  'trainPositions',
  'trainDecays',
] as const satisfies (keyof ImplicitFilterConfig)[];

/** Options of {@link HyenaOperator}; those of its filters have the defaults of `ImplicitFilter`. */
export interface HyenaOperatorConfig
  extends HyenaMixerConfig,
    Pick<ImplicitFilterConfig, (typeof filterOptions)[number]> {
  /** Width of the network that makes the filters. Default 64. */
  filterSize?: number;
  /** How the filters' channels lie; another layout is another model. Default 'channel-first'. */
  filterLayout?: FilterLayout;
  /** Adds each long convolution's input to its output, times a learned number per channel. Default true. */
  useSkip?: boolean;
  /** Blocks that a sequence is cut into, each convolved for itself, as the authors do it: not causal. Default 1. */
  numBlocks?: number;
}

/** How a {@link HyenaOperator}'s first weights are drawn; each as in a Linear where missing. */
export interface HyenaOperatorInitializers extends HyenaMixerInitializers {
  /** Those of the network that makes the filters. */
  filter?: Initializer;
}

/**
 * Hyena's operator as published (Poli et al. 2023): a {@link HyenaMixer} whose filters a network makes of positions. The
 * child `filter` is an `ImplicitFilter` with (order - 1) head size channels; weight `skip`, as many numbers.
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
    const options = Object.fromEntries(filterOptions.map((name) => [name, this.config[name]]));
    const {maxSequenceLength, filterSize: hiddenSize} = this.config;
    const config: ImplicitFilterConfig = {...options, maxSequenceLength, hiddenSize, channels};
    this.filter = this.child('filter', new ImplicitFilter(config, {kernel: this.initializers.filter}), [null]);
    this.skip = this.weight('skip', [channels], normal(1));
  }

  longFilters(time: number): LongFilters {
    const {useSkip = true} = this.config;
    return {
      filters: this.perConvolution(this.filter.filter(time)),
      skips: useSkip ? this.perConvolution(this.skip.read()) : undefined,
    };
  }

  /** What is the network's, cut into what is each convolution's. */
  private perConvolution(all: tf.Tensor): tf.Tensor[] {
    const {order = 2, numHeads = 1, filterLayout = 'channel-first'} = this.config;
    return splitFilters(all, order - 1, numHeads, filterLayout);
  }

  protected override longConvolution(
    v: tf.Tensor,
    filter: tf.Tensor,
    options: {skip?: tf.Tensor; gate?: tf.Tensor},
  ): tf.Tensor {
    const {numBlocks = 1} = this.config;
    const time = v.shape[1] as number;
    if (numBlocks === 1) return super.longConvolution(v, filter, options);
    if (time % numBlocks !== 0)
      throw new ShapeError(`${this.path}: ${time} positions must be a multiple of numBlocks ${numBlocks}`);
    return blockConvolution(v, filter, numBlocks, options);
  }

  protected streamed(x: tf.Tensor, state: StateTree, options: ForwardOptions): StreamedConvolutions {
    const {numBlocks = 1} = this.config;
    if (numBlocks > 1)
      throw new ConfigError(
        `${this.path}: numBlocks is ${numBlocks}, but must be 1 for a stream: blocks are not causal`,
      );
    return new HistoryConvolutions(x, state, options, (length) => this.longFilters(length));
  }
}
tf.serialization.registerClass(HyenaOperator);
