import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  type ForwardOptions,
  Linear,
  normal,
  SequenceClassifier,
  VariantLayer,
} from '@variants/core';
import {huggingFaceClassifier} from './checkpoints/huggingface';
import {hyenaDnaClassifier} from './checkpoints/hyenadna';
import {
  type HyenaClassifierConfig,
  type HyenaClassifierOptions,
  type Pooling,
  resolveHyenaClassifierConfig,
} from './config';
import {backbone} from './model';

/** A Hyena that classifies sequences: embedding, blocks, norm, a head on what is pooled. */
export class HyenaClassifier extends SequenceClassifier<HyenaClassifierConfig> {
  static override readonly className = 'HyenaClassifier';
  override layout: CheckpointLayout<HyenaClassifierConfig>;

  constructor(config: HyenaClassifierOptions) {
    const complete = resolveHyenaClassifierConfig(config);
    const {numLabels, pooling} = complete;
    const head = new PooledHead({name: 'head', numLabels, pooling});
    super(complete, {backbone: backbone(complete), head}, 'hyena_classifier');
    this.layout = pooling === 'mean' ? hyenaDnaClassifier : huggingFaceClassifier;
  }
}
tf.serialization.registerClass(HyenaClassifier);

/** Options of {@link PooledHead}. */
interface PooledHeadConfig {
  /** Number of classes. */
  numLabels: number;
  /** What of a sequence is looked at, and whether there is a bias. */
  pooling: Pooling;
}

/**
 * Vectors [batch, time, hidden], of each sequence the mean of them or one of them, to logits [batch, labels]. Child
 * `projection` [hidden, labels].
 */
class PooledHead extends VariantLayer<PooledHeadConfig> {
  static readonly className = 'HyenaPooledHead';
  private projection!: Linear;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const {numLabels: units, pooling} = this.config;
    const [vectors] = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as tf.Shape[];
    const linear = new Linear({units, useBias: pooling === 'mean'}, {kernel: normal(0.02)});
    this.projection = this.child('projection', linear, vectors);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [super.computeOutputShape(inputShape)[0], this.config.numLabels];
  }

  forward(x: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor {
    const pooled = this.config.pooling === 'mean' ? x.mean(1) : beforePadding(x, attentionMask);
    return this.projection.forward(pooled);
  }
}
tf.serialization.registerClass(PooledHead);

/** The vector before the first padding; the last where there is no padding, or the sequence begins with it. */
function beforePadding(x: tf.Tensor, attentionMask?: tf.Tensor): tf.Tensor {
  const time = x.shape[1] as number;
  const first = attentionMask ? tf.sub(1, attentionMask).argMax(1).toInt() : tf.zeros([x.shape[0]], 'int32');
  const last = tf.scalar(time - 1, 'int32');
  const place = tf.where(first.greater(0), first.sub(tf.scalar(1, 'int32')), last);
  const chosen = tf.oneHot(place.toInt() as tf.Tensor1D, time).toFloat();
  return x.mul(chosen.expandDims(2)).sum(1);
}

/**
 * A Hyena classifier with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function hyenaClassifier(config: HyenaClassifierOptions): HyenaClassifier {
  return new HyenaClassifier(config);
}
