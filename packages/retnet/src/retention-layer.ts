import * as tf from '@tensorflow/tfjs';
import {
  activation,
  CausalLayer,
  type ForwardOptions,
  joinHeads,
  Linear,
  lastDimension,
  positionAfter,
  requireConfig,
  rmsNorm,
  rotaryEmbedding,
  rotaryTables,
  type StateTree,
  type StreamStep,
  splitHeads,
  streamPositions,
  xavierUniform,
} from '@variants/core';
import {
  type ChunkNormalizer,
  defaultDecays,
  type RetentionMemory,
  retentionChunkwise,
  retentionParallel,
  retentionRecurrent,
} from './retention';

/** Options of {@link Retention}. */
export interface RetentionConfig {
  /** Heads; must divide the input's width, into an even size each, and valueSize. */
  numHeads: number;
  /** Width V of values and gate. Default 2 times the input's. */
  valueSize?: number;
  /** How a whole sequence is computed. Default 'parallel'. */
  form?: 'parallel' | 'chunkwise';
  /**
   * What the chunkwise form divides by: 'carried', which gives what a stream gives, or 'torchscale', the authors', whose
   * output differs from those of the other forms where the norm's epsilon shows. Default 'carried'.
   */
  chunkNormalizer?: ChunkNormalizer;
  /** Positions of a chunk. Default 64. */
  chunkSize?: number;
  /** γ of each head. Default 1 - 2^(-5-h). */
  decays?: number[] | null;
  /** Of the norm over each head. Default 1e-6. */
  normEpsilon?: number;
  /** DeepNorm's divisor of the first value and output weights. Default 1. */
  initialDivisor?: number;
}

/** What a stream of {@link Retention} remembers: the memory and the position that follows, [1, 1] int32. */
type RetentionState = RetentionMemory & {position: tf.Tensor};

/** Rotation of RetNet: 10000^(-i/(dk/2 - 1)), both ends included, unlike RoPE. */
export function rotationFrequencies(keySize: number): number[] {
  const half = keySize / 2;
  return Array.from({length: half}, (_, i) => 10000 ** (half > 1 ? -i / (half - 1) : 0));
}

/**
 * Gated multi-scale retention (Sun et al. 2023, equation 8), [batch, time, hidden] to the same:
 *
 *     q = rot(x W_q);  k = rot(x W_k) dk^-0.5;  v = x W_v
 *     y = (silu(x W_g) * headNorm(retention(q, k, v))) W_o
 *
 * Children `queries`, `keys` [hidden, hidden], `values`, `gate` [hidden, value], `output` [value, hidden].
 */
export class Retention extends CausalLayer<RetentionConfig> {
  static readonly className = 'Retention';
  private queries!: Linear;
  private keys!: Linear;
  private values!: Linear;
  private gate!: Linear;
  private outputProjection!: Linear;
  private decays!: readonly number[];
  private keySize!: number;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    checkRetentionConfig(this.path, this.config, hiddenSize);
    const {numHeads, valueSize = 2 * hiddenSize, decays, initialDivisor = 1} = this.config;
    const linear = (units: number, gain: number) => new Linear({units, useBias: false}, {kernel: xavierUniform(gain)});
    const gain = 2 ** -2.5;
    this.queries = this.child('queries', linear(hiddenSize, gain), inputShape);
    this.keys = this.child('keys', linear(hiddenSize, gain), inputShape);
    this.values = this.child('values', linear(valueSize, gain / initialDivisor), inputShape);
    this.gate = this.child('gate', linear(valueSize, gain), inputShape);
    this.outputProjection = this.child('output', linear(hiddenSize, 0.5 / initialDivisor), [null, valueSize]);
    this.decays = decays ?? defaultDecays(numHeads);
    this.keySize = hiddenSize / numHeads;
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {form = 'parallel', chunkNormalizer = 'carried'} = this.config;
    // The authors' normaliser depends on where chunks begin, so they must begin with the first token.
    if (form === 'chunkwise' && chunkNormalizer === 'torchscale' && options.attentionMask)
      return withoutLead(x, options.attentionMask, (moved, mask) =>
        this.whole(moved, {...options, attentionMask: mask}),
      );
    return this.whole(x, options);
  }

  /** {@link forward} of a sequence as it lies. */
  private whole(x: tf.Tensor, {attentionMask: mask}: ForwardOptions): tf.Tensor {
    const {form = 'parallel', chunkSize = 64, chunkNormalizer: normalizer} = this.config;
    const {q, k, v} = this.project(x, null);
    const retained =
      form === 'parallel'
        ? retentionParallel(q, k, v, this.decays, {mask})
        : retentionChunkwise(q, k, v, this.decays, chunkSize, {normalizer, mask});
    return this.gated(x, retained);
  }

  advance(x: tf.Tensor, state: StateTree | null, {attentionMask: mask}: ForwardOptions): StreamStep {
    const before = state as RetentionState | null;
    const position = before?.position ?? null;
    const {q, k, v} = this.project(x, position);
    const {output, memory} = retentionRecurrent(q, k, v, this.decays, before, {mask});
    return {
      output: this.gated(x, output),
      state: {...memory, position: positionAfter(x.shape[1] as number, position)},
    };
  }

  /** Rotated queries and keys [batch, heads, time, key size] and values [batch, heads, time, value size]. */
  private project(x: tf.Tensor, position: tf.Tensor | null) {
    const time = x.shape[1] as number;
    const tables = rotaryTables(streamPositions(time, position), rotationFrequencies(this.keySize));
    const inHeads = (features: tf.Tensor) => splitHeads(features, this.config.numHeads);
    const q = rotaryEmbedding(inHeads(this.queries.forward(x)), tables);
    const scaled = this.keys.forward(x).mul(this.keySize ** -0.5);
    const k = rotaryEmbedding(inHeads(scaled), tables);
    // What positions padding takes up does not matter, only distances do.
    return {q, k, v: inHeads(this.values.forward(x))};
  }

  /** The norm over each head, the gate and the output projection. */
  private gated(x: tf.Tensor, retained: tf.Tensor): tf.Tensor {
    const normed = joinHeads(rmsNorm(retained, this.config.normEpsilon));
    const gate = activation('silu')(this.gate.forward(x));
    return this.outputProjection.forward(gate.mul(normed));
  }
}
tf.serialization.registerClass(Retention);

/**
 * What `run` gives for rows whose leading padding was moved to their end, put back in its place.
 * @param x [batch, time, features]
 * @param mask [batch, time]
 */
function withoutLead(x: tf.Tensor, mask: tf.Tensor, run: (x: tf.Tensor, mask: tf.Tensor) => tf.Tensor): tf.Tensor {
  const time = x.shape[1] as number;
  const lead = mask.argMax(1).toInt().expandDims(1);
  const positions = tf.range(0, time, 1, 'int32').expandDims(0);
  const rolled = (by: tf.Tensor) => positions.add(by).add(time).mod(tf.scalar(time, 'int32')).toInt();
  const at = (rows: tf.Tensor, places: tf.Tensor) => tf.gather(rows, places, 1, 1);
  const there = rolled(lead);
  return at(run(at(x, there), at(mask, there)), rolled(lead.neg()));
}

/**
 * Checks what retention on an input of so many features must be.
 * @param name Whose it is, for messages.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function checkRetentionConfig(name: string, config: RetentionConfig, hiddenSize: number): void {
  const {numHeads, valueSize = 2 * hiddenSize, decays} = config;
  const check = (condition: boolean, message: string) => requireConfig(condition, name, message);
  check(
    hiddenSize % (2 * numHeads) === 0,
    `numHeads is ${numHeads}, but must divide hiddenSize ${hiddenSize} into heads of an even size`,
  );
  check(valueSize % numHeads === 0, `numHeads is ${numHeads}, but must divide valueSize ${valueSize}`);
  check(
    !decays || decays.length === numHeads,
    `decays has ${decays?.length} entries, but must have one per head, ${numHeads}`,
  );
}
