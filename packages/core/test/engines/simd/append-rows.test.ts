import * as tf from '@tensorflow/tfjs';
import {afterAll, describe, it} from 'vitest';
import '../../../src/engines/simd/register';
import {appendRows} from '../../../src/kernels/append-rows';
import {writeRing} from '../../../src/kernels/ring';
import {expectSame, onBoth} from './backends';

afterAll(async () => {
  await tf.setBackend('cpu');
});

/** Two writings into one buffer, whose memory the first must leave to the second. */
function writtenTwice(write: typeof appendRows, dtype: 'float32' | 'int32'): tf.Tensor[] {
  const buffer = tf.tensor([7, 8, 9, 0, 0, 0], [1, 6, 1], dtype);
  const other = buffer.clone();
  const length = tf.scalar(3, 'int32') as tf.Scalar;
  const first = write(buffer, tf.tensor([1, 2], [1, 2, 1], dtype), length);
  const second = write(other, tf.tensor([4, 5, 6], [1, 3, 1], dtype), length);
  return [first, second, first.add(first), second.add(second)];
}

describe('rows written into a buffer that others share', () => {
  for (const dtype of ['float32', 'int32'] as const)
    for (const write of [appendRows, writeRing])
      it(`are a ${dtype} copy of it, by ${write.name}`, async () => {
        expectSame(await onBoth(() => writtenTwice(write, dtype)), 0);
      });
});
