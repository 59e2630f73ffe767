/** How the parts of Performer's blocks are put together. */
import * as tf from '@tensorflow/tfjs';
import {
  Dropout,
  FeedForward,
  type ForwardOptions,
  linearUniform,
  type StateTree,
  type StreamStep,
  uniform,
  type VariantLayer,
} from '@variants/core';
import type {PaddingForm} from '../ops/favor-attention';
import {type NormKind, normed, normOf} from './norms';
import {type Shift, shiftTokens} from './shift';

/** Options that all blocks share. */
export interface BlockPartsConfig {
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Gates the feed-forward: gelu(a) · b of the two halves of its first projection. Default false. */
  gated?: boolean;
  /** Default 'layer'. */
  norm?: NormKind;
  /** Epsilon of LayerNorms. Default 1e-5. */
  normEpsilon?: number;
  /** Lets some features of each token be those of its neighbours, before each part. Default false. */
  shiftTokens?: boolean;
  /**
   * x holds two streams side by side, of which attention adds to the first what it sees in the second, and the feed-forward
   * the other way round, as in a RevNet. Default false.
   */
  reversible?: boolean;
  /** What becomes of padding. Default 'hidden': no trace of it is left. */
  padding?: PaddingForm;
  /** Dropout on what each part gives. Default 0. */
  dropout?: number;
}

type AddChild = <Child extends VariantLayer>(name: string, layer: Child) => Child;

/** What a block remembers of a stream, beside its mixer: the last token's features that go to the next. */
export type ShiftMemory = {mixer: tf.Tensor | null; feedForward: tf.Tensor | null};

/** A mixer and a feed-forward, with norms and skip connections. */
export class BlockParts {
  private readonly mixerNorm: VariantLayer;
  private readonly feedForwardNorm: VariantLayer;
  private readonly feedForward: FeedForward;
  private readonly dropout: Dropout;
  private readonly shift: Shift | null;

  /**
   * @param prefix Stands before the names of children: '' or 'cross_'.
   * @param shift How tokens are shifted where the configuration says so.
   */
  constructor(
    private readonly config: BlockPartsConfig,
    hiddenSize: number,
    add: AddChild,
    {prefix = '', shift}: {prefix?: string; shift: Shift | null},
    mixer: VariantLayer,
  ) {
    const {intermediateSize, gated = false, norm = 'layer', normEpsilon = 1e-5} = config;
    this.shift = config.shiftTokens ? shift : null;
    this.mixerNorm = add(`${prefix}mixer_norm`, normOf(norm, normEpsilon));
    add(`${prefix}mixer`, mixer);
    this.feedForwardNorm = add(`${prefix}feed_forward_norm`, normOf(norm, normEpsilon));
    const biases = {upBias: uniform(hiddenSize ** -0.5), downBias: uniform(intermediateSize ** -0.5)};
    this.feedForward = add(
      `${prefix}feed_forward`,
      new FeedForward(
        {intermediateSize, activation: 'gelu', gated, fusedGate: gated},
        {up: linearUniform, down: linearUniform, ...biases},
      ),
    );
    this.dropout = add(`${prefix}dropout`, new Dropout({rate: config.dropout ?? 0}));
  }

  /**
   * The block on x [batch, time, hidden].
   * @param mix The mixer on what it sees.
   * @param before What was remembered of the tokens before x; null at the first.
   */
  compose(
    x: tf.Tensor,
    mix: (h: tf.Tensor) => StreamStep,
    run: ForwardOptions,
    before: ShiftMemory | null = null,
  ): StreamStep & {shift: ShiftMemory} {
    let [state, first]: [StateTree, tf.Tensor | null] = [null, null];
    let second: tf.Tensor | null = null;
    const attended = (h: tf.Tensor) =>
      this.around(this.mixerNorm, h, run, (seen) => {
        const shifted = this.shifted(seen, before?.mixer ?? null, run.attentionMask);
        first = shifted.last;
        const step = mix(shifted.x);
        state = step.state;
        return step.output;
      });
    const fed = (h: tf.Tensor) =>
      this.around(this.feedForwardNorm, h, run, (seen) => {
        // The widely used implementation does not tell the feed-forward.
        const mask = this.config.padding === 'valueless' ? undefined : run.attentionMask;
        const shifted = this.shifted(seen, before?.feedForward ?? null, mask);
        second = shifted.last;
        return this.feedForward.forward(shifted.x);
      });
    const output = this.config.reversible ? inTwoStreams(x, attended, fed) : inOne(x, attended, fed);
    return {output, state, shift: {mixer: first, feedForward: second}};
  }

  private around(norm: VariantLayer, x: tf.Tensor, run: ForwardOptions, part: (h: tf.Tensor) => tf.Tensor): tf.Tensor {
    return this.dropout.forward(normed(norm, x, part), run);
  }

  private shifted(
    x: tf.Tensor,
    before: tf.Tensor | null,
    mask: tf.Tensor | undefined,
  ): {x: tf.Tensor; last: tf.Tensor | null} {
    return this.shift ? shiftTokens(x, this.shift, before, mask) : {x, last: null};
  }
}

type Part = (h: tf.Tensor) => tf.Tensor;

function inOne(x: tf.Tensor, attended: Part, fed: Part): tf.Tensor {
  const mixed = x.add(attended(x));
  return mixed.add(fed(mixed));
}

function inTwoStreams(x: tf.Tensor, attended: Part, fed: Part): tf.Tensor {
  const [first, second] = tf.split(x, 2, -1);
  const mixed = first.add(attended(second));
  return tf.concat([mixed, second.add(fed(mixed))], -1);
}
