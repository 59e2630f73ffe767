import * as tf from '@tensorflow/tfjs';
import {requireOptionalTensors, requireOptions, requireTensors} from '../../arguments';
import {ConfigError, ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {attentionGradient} from './gradient';
import {attentionReference} from './reference';
import type {AttentionAttributes, AttentionInputs, AttentionOutputs} from './types';

export type {AttentionAttributes, AttentionInputs, AttentionOutputs} from './types';

const kernel = defineKernel<AttentionInputs, AttentionAttributes, AttentionOutputs>({
  name: 'Attention',
  outputs: ['output', 'logSumExp'],
  differentiable: ['queries', 'keys', 'values', 'bias'],
  reference: attentionReference,
  gradient: attentionGradient,
});

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** What the products q · k are multiplied with. Default 1 / sqrt(head size). */
  scale?: number;
  /** Query i of n sees the keys j <= i + number of keys - n: the queries are the last positions. Default false. */
  causal?: boolean;
  /**
   * A query sees the last `window` keys up to and including its own position alone (Child et al. 2019); at least 1, and
   * with `causal` only. On the engine time is then linear in the number of keys. Default: all keys up to its own.
   */
  window?: number | null;
  /** The first keys, which are seen beside the window (attention sinks, Xiao et al. 2023). Default 0. */
  sinks?: number;
  /**
   * How many keys at the start of `keys` and `values` are there, an int32 scalar []; the rest is room to grow and is not
   * looked at. With `causal` the queries are the last of those that are there. Read when the kernel runs, not before.
   * Default: all.
   */
  keyLength?: tf.Tensor;
  /** 1 or true where a query may attend; broadcast to [batch, heads, queries, keys]. Holds beside `causal`. */
  mask?: tf.Tensor;
  /** Added to the scaled scores, -infinity included; broadcast to [batch, heads, queries, keys]. Differentiable. */
  bias?: tf.Tensor;
  /**
   * Changes the probabilities [batch, heads, queries, keys] before they weigh the values, as dropout does in training. It
   * takes memory for all of them, and tfjs's own gradients. The log-sum-exp is that of the unchanged ones.
   */
  dropout?: (probabilities: tf.Tensor) => tf.Tensor;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1), with the log-sum-exp of each row's scores:
 *
 *     S = scale q kᵀ + bias;   P = softmax(S);   output = P v
 *
 * With fewer key and value heads than query heads, consecutive query heads share one (grouped-query attention). A query
 * that may attend to nothing gives 0 and has no gradient.
 *
 * @param queries [batch, heads, queries, size]
 * @param keys [batch, key heads, keys, size]; the number of heads is a multiple of theirs
 * @param values [batch, key heads, keys, value size]
 * @throws ShapeError when the shapes do not go together or keyLength is no int32 scalar.
 * @throws ConfigError when window or sinks is no such number, or has nothing that it belongs to.
 */
export function attention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: AttentionOptions = {},
): AttentionOutputs {
  requireTensors('attention', {queries, keys, values});
  requireOptions('attention', options, optionNames);
  checkShapes(queries, keys, values);
  checkOptions(options);
  const {causal = false, window = null, sinks = 0, mask, bias, keyLength, dropout} = options;
  requireOptionalTensors('attention', {mask, bias});
  const scale = options.scale ?? (queries.shape[3] as number) ** -0.5;
  const inputs: AttentionInputs = {queries, keys, values, mask, bias, keyLength};
  const attributes: AttentionAttributes = {scale, causal, window, sinks};
  return dropout ? tf.tidy(() => attentionReference(inputs, attributes, dropout)) : kernel(inputs, attributes);
}

const optionNames = ['scale', 'causal', 'window', 'sinks', 'keyLength', 'mask', 'bias', 'dropout'];

function checkShapes(queries: tf.Tensor, keys: tf.Tensor, values: tf.Tensor): void {
  const [batch, numHeads, , size] = queries.shape as number[];
  const [keyBatch, numKeyHeads, numKeys, keySize] = keys.shape as number[];
  if (
    [queries, keys, values].some((x) => x.rank !== 4) ||
    batch !== keyBatch ||
    size !== keySize ||
    numHeads % numKeyHeads !== 0
  )
    throw new ShapeError(
      `attention: queries [${queries.shape}] and keys [${keys.shape}] must be [batch, heads, time, size] with the heads of the first a multiple of the second's`,
    );
  if (values.shape.slice(0, 3).join() !== [batch, numKeyHeads, numKeys].join())
    throw new ShapeError(`attention: values [${values.shape}] must begin like keys [${keys.shape}]`);
}

function checkOptions({causal, window = null, sinks = 0, keyLength}: AttentionOptions): void {
  if (window !== null && !(Number.isInteger(window) && window >= 1))
    throw new ConfigError(`attention: window is ${window}, but must be a whole number of at least 1, or nothing`);
  if (window !== null && !causal) throw new ConfigError(`attention: window is ${window}, but needs causal to be true`);
  if (!Number.isInteger(sinks) || sinks < 0)
    throw new ConfigError(`attention: sinks is ${sinks}, but must be a whole number of at least 0`);
  if (sinks > 0 && window === null) throw new ConfigError(`attention: sinks is ${sinks}, but needs a window`);
  requireOptionalTensors('attention', {keyLength});
  if (keyLength && (keyLength.rank !== 0 || keyLength.dtype !== 'int32'))
    throw new ShapeError(
      `attention: keyLength is ${keyLength.dtype} [${keyLength.shape}], but must be an int32 scalar []`,
    );
}
