import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  embeddingLookup,
  type ForwardOptions,
  lastDimension,
  normal,
  positionAfter,
  requireWithin,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {placesOf, tablesAt} from './places';

/** How a model tells positions apart: sinusoids and rotary heads, a learned vector each, or the sum of one for a row and one for a column. */
export type PositionKind = 'rotary' | 'learned' | 'axial';

/** Options of {@link PerformerPositions}. */
export interface PerformerPositionsConfig {
  kind: PositionKind;
  /** The longest sequence; null for no limit, with 'rotary' alone. */
  maxSequenceLength: number | null;
  /** Rows and columns that positions are laid out in, for 'axial': position t is in row t div columns. */
  axialShape?: readonly [number, number] | null;
  /** Whether padding on the left takes a position. Default false. */
  countsPadding?: boolean;
}

/**
 * Adds what tells positions apart to x [batch, time, hidden]:
 *
 *     rotary: [sin, cos] of t 10000^(-2i/hidden);    learned: table_t;    axial: rows_(t div n) + columns_(t mod n)
 *
 * Weights `table` [positions, hidden], or `rows` [rows, hidden] and `columns` [columns, hidden].
 */
export class PerformerPositions extends CausalLayer<PerformerPositionsConfig> {
  static readonly className = 'PerformerPositions';
  private table?: tf.LayerVariable;
  private rows?: tf.LayerVariable;
  private columns?: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {kind, maxSequenceLength, axialShape} = this.config;
    const vectors = (name: string, count: number) => this.weight(name, [count, hiddenSize], normal(1));
    if (kind === 'learned') this.table = vectors('table', maxSequenceLength as number);
    if (kind === 'axial' && axialShape) {
      this.rows = vectors('rows', axialShape[0]);
      this.columns = vectors('columns', axialShape[1]);
    }
  }

  override get contextLength(): number | null {
    return this.config.maxSequenceLength ?? null;
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as tf.Tensor | null;
    const time = x.shape[1] as number;
    requireWithin(this.contextLength, time, this.path);
    const mask = this.config.countsPadding ? undefined : options.attentionMask;
    const output = x.add(this.vectorsAt(time, before, mask, x.shape[2] as number));
    return {output, state: positionAfter(time, before, mask)};
  }

  private vectorsAt(time: number, start: tf.Tensor | null, mask: tf.Tensor | undefined, hiddenSize: number): tf.Tensor {
    const places = placesOf(time, start, mask);
    if (this.config.kind === 'rotary') {
      const {cos, sin} = tablesAt(places, hiddenSize);
      return tf.concat([sin, cos], 2);
    }
    const at = places instanceof tf.Tensor ? places : tf.tensor2d(places, [1, time], 'int32');
    if (this.table) return embeddingLookup(this.table.read(), at);
    const [rows, columns] = [this.rows, this.columns].map((table) => (table as tf.LayerVariable).read());
    const width = tf.scalar(columns.shape[0], 'int32');
    return embeddingLookup(rows, at.floorDiv(width)).add(embeddingLookup(columns, at.mod(width)));
  }
}
tf.serialization.registerClass(PerformerPositions);
