import * as tf from '@tensorflow/tfjs';
import type {Batch, BatchSource} from '../../src/index';

/** The values of a batch, one list for each input, and those of the targets. */
export function readBatch(
  source: BatchSource,
  step = 0,
  batchSize = 4,
  seed = 0,
): {inputs: unknown[]; targets: unknown} {
  const batch: Batch = source.batch(step, batchSize, seed);
  const read = {inputs: [batch.inputs].flat().map((input) => input.arraySync()), targets: batch.targets.arraySync()};
  tf.dispose([batch.inputs, batch.targets]);
  return read;
}
