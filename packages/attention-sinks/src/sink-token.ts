import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  ConfigError,
  type ForwardOptions,
  type LayerOptions,
  type StateTree,
  type StreamSpan,
  type StreamStep,
  type VariantLayer,
} from '@variants/core';

/** Options of {@link SinkTokenBody}. */
export interface SinkTokenConfig {
  /** The id that stands before every sequence. */
  token: number;
}

type States = {[layer: string]: StateTree};

/**
 * Layers from token ids to what the head takes, with a token before every sequence that is not the caller's: it is put in
 * front, and what comes out at its position is left out. [batch, time] int32 to [batch, time, hidden].
 *
 * Children: the layers, under their names.
 */
export class SinkTokenBody extends CausalLayer<SinkTokenConfig> {
  static readonly className = 'SinkTokenBody';

  constructor(
    config: SinkTokenConfig & LayerOptions,
    private readonly layers: readonly VariantLayer[],
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    let shape = inputShape;
    for (const layer of this.layers) {
      this.child(layer.name, layer, shape);
      shape = layer.computeOutputShape(shape) as tf.Shape;
    }
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return this.layers.reduce((shape, layer) => layer.computeOutputShape(shape) as tf.Shape, inputShape as tf.Shape);
  }

  override forward(ids: tf.Tensor, options: ForwardOptions): tf.Tensor {
    this.refusePadding(options);
    return withoutFirst(this.layers.reduce((h, layer) => layer.forward(h, options), this.withToken(ids)));
  }

  advance(ids: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as States | null;
    const {capacity} = options;
    const room = {...options, ...(capacity && {capacity: capacity + 1})};
    this.refusePadding(options);
    const states: States = {};
    const output = this.layers.reduce(
      (h, layer) => {
        if (!(layer instanceof CausalLayer)) return layer.forward(h, room);
        const step = layer.advance(h, before?.[layer.name] ?? null, room);
        states[layer.name] = step.state;
        return step.output;
      },
      before ? ids : this.withToken(ids),
    );
    return {output: before ? output : withoutFirst(output), state: states};
  }

  override forget(state: StateTree, {start, end, length}: StreamSpan): StateTree {
    const span = {start: start + 1, end: end + 1, length: length + 1};
    const states = {...(state as States)};
    for (const layer of this.layers)
      if (layer instanceof CausalLayer) states[layer.name] = layer.forget(states[layer.name], span);
    return states;
  }

  private withToken(ids: tf.Tensor): tf.Tensor {
    return tf.concat([tf.fill([ids.shape[0], 1], this.config.token, 'int32'), ids.toInt()], 1);
  }

  /** Behind padding, tokens would be further from the first one than they are without. */
  private refusePadding({attentionMask}: ForwardOptions): void {
    if (attentionMask)
      throw new ConfigError(
        `${this.path}: takes no attentionMask, as the model puts its sinkToken first: tokens behind padding would be too far from it; run rows of other lengths one by one`,
      );
  }
}
tf.serialization.registerClass(SinkTokenBody);

const withoutFirst = (h: tf.Tensor): tf.Tensor => h.slice([0, 1, 0], [-1, -1, -1]);
