import type * as tf from '@tensorflow/tfjs';
import {requireArgument, requireRank, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {embeddingLookupGradient, embeddingLookupReference} from './reference';

const kernel = defineKernel<{table: tf.Tensor; tokens: tf.Tensor}, Record<string, never>, {rows: tf.Tensor}>({
  name: 'EmbeddingLookup',
  outputs: ['rows'],
  differentiable: ['table'],
  reference: ({table, tokens}) => ({rows: embeddingLookupReference(table as tf.Tensor2D, tokens as tf.Tensor1D)}),
  gradient: ({rows: g}, {table, tokens}) => ({
    table: embeddingLookupGradient(g, table as tf.Tensor2D, tokens as tf.Tensor1D),
  }),
});

/**
 * The rows of a table by number: `y[..., :] = table[tokens[...], :]`.
 *
 * @param table [vocabulary, features]
 * @param tokens [...] int32
 * @returns [..., features]
 */
export function embeddingLookup(table: tf.Tensor, tokens: tf.Tensor): tf.Tensor {
  requireRank('embeddingLookup', {table}, '[ids, features]');
  requireTensors('embeddingLookup', {tokens});
  requireArgument(
    'embeddingLookup',
    'the dtype of tokens',
    tokens.dtype,
    tokens.dtype === 'int32',
    'int32',
    ShapeError,
  );
  const {rows} = kernel({table, tokens: tokens.reshape([-1])}, {});
  return rows.reshape([...tokens.shape, table.shape[1] as number]);
}
