import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  ConfigError,
  embeddingLookup,
  type ForwardOptions,
  firstShape,
  gelu,
  LayerNorm,
  Linear,
  lastDimension,
  normal,
  ones,
  type StateTree,
  type StreamStep,
  sinusoids,
  tokenPositions,
  VariantLayer,
} from '@variants/core';
import {inChunks} from '../feed-forward';
import {type ReversibleLayer, reversible, reversibleSteps} from '../reversible';
import {unitLength} from './attention';
import type {LucidReformerConfig} from './config';
import {LucidAttention} from './layer';

/** x / max(|x|, 1e-5) · g (Nguyen and Salazar 2019). Weight `scale` [1]. */
class ScaleNorm extends VariantLayer {
  static readonly className = 'ReformerScaleNorm';
  private scale!: tf.LayerVariable;

  override build(): void {
    this.scale = this.weight('scale', [1], ones);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return x.div(x.square().sum(-1, true).maximum(1e-10).sqrt()).mul(this.scale.read());
  }
}
tf.serialization.registerClass(ScaleNorm);

/** Feed-forward of four times the width with gelu, or gated, gelu(a) · b, in a number of pieces. Children `up`, `down`. */
class LucidFeedForward extends VariantLayer<{gated: boolean; chunks: number}> {
  static readonly className = 'ReformerLucidFeedForward';
  private up!: Linear;
  private down!: Linear;

  override build(inputShape: tf.Shape): void {
    const width = lastDimension(inputShape, this.path);
    this.up = this.child('up', new Linear({units: 4 * width * (this.config.gated ? 2 : 1)}), [null, width]);
    this.down = this.child('down', new Linear({units: width}), [null, 4 * width]);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const {gated, chunks} = this.config;
    return inChunks(x, Math.ceil((x.shape[1] as number) / chunks), (piece) => {
      const inner = this.up.forward(piece);
      if (!gated) return this.down.forward(gelu(inner));
      const [a, b] = tf.split(inner, 2, -1);
      return this.down.forward(gelu(a).mul(b));
    });
  }
}
tf.serialization.registerClass(LucidFeedForward);

/** Adds learned vectors, the sum of those of two digits, or sinusoids. Weight `table`, or `axial_0`, `axial_1`. */
export class LucidPositions extends CausalLayer<
  Pick<LucidReformerConfig, 'positions' | 'axialShape' | 'maxSequenceLength'>
> {
  static readonly className = 'ReformerLucidPositions';
  private tables: tf.LayerVariable[] = [];

  override build(inputShape: tf.Shape): void {
    const width = lastDimension(inputShape, this.path);
    const {positions, axialShape, maxSequenceLength} = this.config;
    if (positions === 'absolute') this.tables = [this.weight('table', [maxSequenceLength, width], normal(0.02))];
    if (positions === 'axial')
      this.tables = (axialShape ?? []).map((count, i) => this.weight(`axial_${i}`, [count, width], normal(1)));
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  advance(x: tf.Tensor, state: StateTree | null): StreamStep {
    const [, time, width] = x.shape as number[];
    const before = state as tf.Tensor | null;
    const positions = tokenPositions(time, before);
    const after = positions.slice([0, time - 1], [1, 1]).add(tf.scalar(1, 'int32'));
    return {output: x.add(this.of(positions, width)), state: after};
  }

  private of(positions: tf.Tensor, width: number): tf.Tensor {
    if (this.config.positions === 'fixed') return halves(sinusoids(positions.reshape([-1]) as tf.Tensor1D, width));
    let rest = positions;
    const parts = this.tables.toReversed().map((table) => {
      const count = tf.scalar(table.shape[0] as number, 'int32');
      const digit = rest.mod(count).toInt();
      rest = rest.floorDiv(count).toInt();
      return embeddingLookup(table.read(), digit);
    });
    return parts.reduce((sum, part) => sum.add(part));
  }
}
tf.serialization.registerClass(LucidPositions);

/** Sines and cosines [time, width] that take turns, as all sines and then all cosines. */
function halves(x: tf.Tensor): tf.Tensor {
  const [time, width] = x.shape as number[];
  return x
    .reshape([time, width / 2, 2])
    .transpose([0, 2, 1])
    .reshape([time, width]);
}

/** A block's parts. */
interface Parts {
  attentionNorm: VariantLayer;
  attention: LucidAttention;
  feedForwardNorm: VariantLayer;
  feedForward: VariantLayer;
}

/**
 * The library's reversible blocks, [batch, time, hidden] to the mean of both streams, of the same shape. Children
 * `block_0_attention_norm`, `block_0_attention`, `block_0_feed_forward_norm`, `block_0_feed_forward`, `block_1_...`; layers that
 * are tied stand under `block_0` alone. It has no cache: a stream keeps its inputs and computes all positions again, as the
 * library does.
 */
export class LucidStack extends CausalLayer<LucidReformerConfig> {
  static readonly className = 'ReformerLucidStack';
  private parts: Parts[] = [];

  override build(inputShape: tf.Shape): void {
    const shape = firstShape(inputShape);
    const {
      numLayers,
      scaleNorm,
      tieLayers,
      gatedFeedForward: gated,
      feedForwardChunks: chunks,
      positions,
    } = this.config;
    const norm = () => (scaleNorm ? new ScaleNorm({}) : new LayerNorm({epsilon: 1e-5}));
    const attention = () =>
      new LucidAttention({...this.config, causal: true, rotary: positions === 'rotary', fullThreshold: 0});
    for (let i = 0; i < numLayers; i++) {
      const name = `block_${i}`;
      const first = tieLayers ? this.parts[0] : undefined;
      this.parts.push({
        attentionNorm: this.child(`${name}_attention_norm`, norm(), shape),
        attention: this.child(`${name}_attention`, first?.attention ?? attention(), shape),
        feedForwardNorm: this.child(`${name}_feed_forward_norm`, norm(), shape),
        feedForward: this.child(
          `${name}_feed_forward`,
          first?.feedForward ?? new LucidFeedForward({gated, chunks}),
          shape,
        ),
      });
    }
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  /** Takes rotations for blocks by their numbers; null: its own. */
  fixRotations(rotations: {readonly [block: number]: tf.Tensor | null}): void {
    for (const [number, tensor] of Object.entries(rotations)) {
      const part = this.parts[Number(number)];
      if (!part) throw new ConfigError(`${this.path}: there is no block ${number} that could take rotations`);
      part.attention.fixRotations(tensor);
    }
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    if (options.attentionMask || options.prefix)
      throw new ConfigError(`${this.path}: causal blocks take no attentionMask or prefix; feed each prompt by itself`);
    const layers = this.parts.map((part) => branches(part, options));
    const both =
      tf.engine().state.gradientDepth > 0
        ? reversible([x, x], layers)
        : tf.concat([...reversibleSteps([x, x], layers).streams], -1);
    const [y1, y2] = tf.split(both, 2, -1);
    return y1.add(y2).mul(0.5);
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const all = state ? tf.concat([state as tf.Tensor, x], 1) : x;
    const [batch, length, width] = all.shape as number[];
    const time = x.shape[1] as number;
    const output = this.forward(all, options).slice([0, length - time, 0], [batch, time, width]);
    return {output, state: all};
  }
}
tf.serialization.registerClass(LucidStack);

function branches(
  {attentionNorm, attention, feedForwardNorm, feedForward}: Parts,
  options: ForwardOptions,
): ReversibleLayer {
  const weights = (...layers: VariantLayer[]) =>
    layers.flatMap(({weightsInUse}) => weightsInUse.map((weight) => weight.read()));
  return {
    f: {
      weights: weights(attentionNorm, attention),
      run: (x, kept) => attention.attend(attentionNorm.forward(x, options), options, kept),
    },
    g: {
      weights: weights(feedForwardNorm, feedForward),
      run: (x) => ({output: feedForward.forward(feedForwardNorm.forward(x, options), options), kept: []}),
    },
  };
}

/** Logits by the embedding's rows of unit length, without a bias. */
export class UnitHead extends VariantLayer {
  static readonly className = 'ReformerUnitHead';

  constructor(
    private readonly embedding: VariantLayer & {readonly table: tf.Tensor},
    name: string,
  ) {
    super({name});
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    this.child('embedding', this.embedding, firstShape(inputShape));
  }

  forward(x: tf.Tensor): tf.Tensor {
    const {table} = this.embedding;
    const rows = unitLength(table) as tf.Tensor2D;
    const [batch, time, width] = x.shape as number[];
    return tf.matMul(x.reshape([-1, width]), rows, false, true).reshape([batch, time, -1]);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [...firstShape(inputShape).slice(0, -1), this.embedding.table.shape[0]];
  }
}
tf.serialization.registerClass(UnitHead);
